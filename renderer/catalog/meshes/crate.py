"""The two things gapless asks of a binary USD layer ("crate", .usdc): its words, and its unit.

Read here and not by a USD library, because nothing of a layer may be opened before it is known which files
it names. The layout is that of OpenUSD's `pxr/usd/sdf/crateFile.cpp` and `integerCoding.cpp`, since version
0.4 of the format (2017); blocks are compressed by LZ4 (`lz4_Block_format.md`).
"""

import struct
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from jaxtyping import Int

MAGIC = b"PXR-USDC"
OLDEST_VERSION = (0, 4, 0)  # older ones are not compressed
MAX_SECTIONS, MAX_SECTION_BYTES = 64, 256 << 20
_DOUBLE, _FLOAT = 9, 8  # `crateDataTypes.h`
_INLINED = 1 << 62


class DamagedCrateError(Exception):
    """The bytes are no crate."""


def crate_words(content: bytes) -> list[str]:
    """All tokens of a layer: every name, text and asset path in it is one of them.

    Raises:
        DamagedCrateError: the bytes are no crate.
    """
    with _damage_is_named():
        section = _section(content, b"TOKENS")
        _, size, packed = struct.unpack_from("<QQQ", section)
        text = _unpacked(section[24 : 24 + packed], size)
    return [word.decode(errors="replace") for word in text.split(b"\0")]


def crate_number(content: bytes, name: str) -> float | None:
    """The number that a layer has for one of its fields, or None.

    Raises:
        DamagedCrateError: the bytes are no crate.
    """
    words = crate_words(content)
    with _damage_is_named():
        for word, value in _fields(content):
            if 0 <= word < len(words) and words[word] == name:
                return _number(content, value)
    return None


@contextmanager
def _damage_is_named() -> Iterator[None]:
    try:
        yield
    except (struct.error, ValueError, OverflowError, IndexError) as error:
        raise DamagedCrateError(str(error)) from error


def _fields(content: bytes) -> Iterator[tuple[int, int]]:
    """The number of a word, and what stands for a value."""
    section = _section(content, b"FIELDS")
    count, packed = struct.unpack_from("<QQ", section)
    if count > MAX_SECTION_BYTES // 8:
        raise DamagedCrateError("too many fields")
    names = _integers(section[16 : 16 + packed], count)
    (packed_values,) = struct.unpack_from("<Q", section, 16 + packed)
    start = 24 + packed
    values = np.frombuffer(_unpacked(section[start : start + packed_values], 8 * count), "<u8")
    return zip(names.tolist(), values.tolist(), strict=True)


def _number(content: bytes, value: int) -> float | None:
    """What a value stands for: a float in the value itself, or a number at an offset of the file."""
    kind, payload = value >> 48 & 0xFF, value & (1 << 48) - 1
    if kind not in (_DOUBLE, _FLOAT):
        return None
    if value & _INLINED:
        return float(struct.unpack("<f", struct.pack("<I", payload & 0xFFFFFFFF))[0])
    return float(struct.unpack_from("<d" if kind == _DOUBLE else "<f", content, payload)[0])


def _section(content: bytes, name: bytes) -> bytes:
    if content[:8] != MAGIC or tuple(content[8:11]) < OLDEST_VERSION:
        raise DamagedCrateError("no crate of version 0.4 or later")
    (contents_at,) = struct.unpack_from("<q", content, 16)
    (count,) = struct.unpack_from("<Q", content, contents_at)
    for number in range(min(count, MAX_SECTIONS)):
        entry, start, size = struct.unpack_from("<16sqq", content, contents_at + 8 + 32 * number)
        if entry.rstrip(b"\0") == name and 0 <= start <= start + size <= len(content):
            return content[start : start + size]
    raise DamagedCrateError(f"no section {name.decode()}")


def _integers(packed: bytes, count: int) -> Int[np.ndarray, " n"]:
    """Differences in two bits each: the commonest one, or one of 8, 16 or 32 bits that follows."""
    code_bytes = (count + 3) // 4
    content = _unpacked(packed, 4 + code_bytes + 4 * count)
    codes = np.frombuffer(content[4 : 4 + code_bytes], np.uint8)
    kinds = (codes[:, None] >> np.array([0, 2, 4, 6], np.uint8) & 3).ravel()[:count]
    offsets = 4 + code_bytes + np.concatenate([[0], np.cumsum(np.array([0, 1, 2, 4])[kinds])])
    differences = np.full(count, int.from_bytes(content[:4], "little", signed=True), np.int64)
    for number in np.flatnonzero(kinds).tolist():
        part = content[offsets[number] : offsets[number + 1]]
        differences[number] = int.from_bytes(part, "little", signed=True)
    return np.cumsum(differences)


def _unpacked(packed: bytes, size: int) -> bytes:
    """Chunks of LZ4, counted by the first byte; 0 is a single one without a length.

    Args:
        size: what it unpacks to at most.
    """
    if not packed or size > MAX_SECTION_BYTES:
        raise DamagedCrateError("a section without content, or a too long one")
    if packed[0] == 0:
        return _lz4(packed[1:], size)
    return b"".join(_lz4(chunk, size) for chunk in _chunks(packed))


def _chunks(packed: bytes) -> Iterator[bytes]:
    start = 1
    for _ in range(packed[0]):
        length = int.from_bytes(packed[start : start + 4], "little")
        yield packed[start + 4 : start + 4 + length]
        start += 4 + length


def _lz4(block: bytes, size: int) -> bytes:
    """One block: runs of bytes, each followed by a copy from what is already there."""
    out, at = bytearray(), 0
    while at < len(block):
        token, at = block[at], at + 1
        run, at = _length(block, at, token >> 4)
        out += block[at : at + run]
        at += run
        if at >= len(block):
            break
        distance, at = block[at] | block[at + 1] << 8, at + 2
        copied, at = _length(block, at, token & 15)
        if len(out) + copied + 4 > size:
            raise DamagedCrateError("longer than it says")
        _copy(out, distance, copied + 4)
    return bytes(out)


def _length(block: bytes, at: int, nibble: int) -> tuple[int, int]:
    """A length that starts in four bits and goes on in bytes while they are full."""
    if nibble < 15:
        return nibble, at
    while True:
        more, at = block[at], at + 1
        nibble += more
        if more < 255:
            return nibble, at


def _copy(out: bytearray, distance: int, length: int) -> None:
    if not 0 < distance <= len(out):
        raise DamagedCrateError("a copy from before the start")
    piece = out[-distance:]
    out += (piece * (length // distance + 1))[:length]
