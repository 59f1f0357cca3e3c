"""TFRecord files of `tf.train.Example`, as TensorFlow's Object Detection API writes them, without TensorFlow.

A file is a row of records: length (8 bytes), checksum of the length (4), content, checksum of the content
(4), all little-endian; checksums are CRC-32C, masked. The content is a protocol buffer: features by name,
each a list of bytes, floats or whole numbers. Images lie inside, encoded; boxes are fractions of the image.
Sources: tensorflow/core/lib/io/record_writer.h, tensorflow/core/example/feature.proto and the encoding guide
of protocol buffers.
"""

import struct
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from renderer.errors import DataError

Feature = list[bytes] | list[float] | list[int]
Example = Mapping[str, Feature]

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5  # wire types
BYTES_LIST, FLOAT_LIST, INT64_LIST = 1, 2, 3  # fields of a Feature


def _crc32c_table() -> tuple[int, ...]:
    """One step of CRC-32C for each byte; 0x82F63B78 is Castagnoli's polynomial, reversed (RFC 3720, B.4)."""
    table = []
    for value in range(256):
        for _ in range(8):
            value = (value >> 1) ^ (0x82F63B78 if value & 1 else 0)
        table.append(value)
    return tuple(table)


CRC32C_TABLE = _crc32c_table()


def crc32c(content: bytes) -> int:
    """CRC-32C of some bytes."""
    crc = 0xFFFFFFFF
    for byte in content:
        crc = CRC32C_TABLE[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    return crc ^ 0xFFFFFFFF


def masked_crc32c(content: bytes) -> int:
    """The checksum that stands in a TFRecord: turned and shifted, so that it is none of itself."""
    crc = crc32c(content)
    return (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF


def read_examples(path: Path) -> Iterator[Example]:
    """The examples of a TFRecord file, one after the other.

    Raises:
        DataError: the file is missing, cut short, damaged, or holds something else.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror}); check the path") from error
    for number, record in enumerate(_records(content, path), start=1):
        try:
            yield parse_example(record)
        except (DataError, UnicodeDecodeError) as error:
            raise DataError(f"record {number} of {path} is no tf.train.Example ({error})") from error


def _records(content: bytes, path: Path) -> Iterator[bytes]:
    position = 0
    while position < len(content):
        header = _checked_part(content, position, 8, path)
        (length,) = struct.unpack("<Q", header)
        yield _checked_part(content, position + 12, length, path)
        position += 12 + length + 4


def _checked_part(content: bytes, start: int, length: int, path: Path) -> bytes:
    """Some bytes of the file, followed by their checksum."""
    end = start + length
    if end + 4 > len(content):
        raise DataError(f"{path} is cut short at byte {len(content)}; get it again")
    part = content[start:end]
    if struct.unpack_from("<I", content, end)[0] != masked_crc32c(part):
        raise DataError(
            f"{path} is damaged or no TFRecord: the checksum at byte {end} is wrong; get it again"
        )
    return part


def parse_example(content: bytes) -> Example:
    """The features of a `tf.train.Example` by name.

    Raises:
        DataError: the bytes are no such message.
    """
    features: dict[str, Feature] = {}
    for _, example in _messages(content, 1):
        for _, entry in _messages(example, 1):
            parts = dict(_messages(entry))
            features[parts.get(1, b"").decode()] = _feature(parts.get(2, b""))
    return features


def _feature(content: bytes) -> Feature:
    kinds = dict(_messages(content))
    if len(kinds) != 1:
        return []
    ((kind, items),) = kinds.items()
    if kind == BYTES_LIST:
        return [value for _, value in _messages(items, 1)]
    return _floats(items) if kind == FLOAT_LIST else _integers(items)


def _messages(content: bytes, wanted: int = 0) -> Iterator[tuple[int, bytes]]:
    """Number and content of the length-delimited fields of a message; all of them, or those of one number."""
    for field, kind, value in _fields(content):
        if kind == BYTES and isinstance(value, bytes) and wanted in (0, field):
            yield field, value


def _floats(content: bytes) -> list[float]:
    """32-bit floats, packed or each with its own tag."""
    packed = b"".join(v for _, _, v in _fields(content) if isinstance(v, bytes))
    if len(packed) % 4:
        raise DataError("a list of floats is cut short")
    return list(struct.unpack(f"<{len(packed) // 4}f", packed))


def _integers(content: bytes) -> list[int]:
    """Signed 64-bit integers, packed or each with its own tag."""
    numbers: list[int] = []
    for _, _, value in _fields(content):
        if isinstance(value, int):
            numbers.append(value)
            continue
        position = 0
        while position < len(value):
            number, position = _varint(value, position)
            numbers.append(number)
    return [number - 2**64 if number >= 2**63 else number for number in numbers]


def _fields(content: bytes) -> Iterator[tuple[int, int, bytes | int]]:
    """Number, wire type and value of each field; values of fixed size stay bytes."""
    position = 0
    while position < len(content):
        tag, position = _varint(content, position)
        field, kind = tag >> 3, tag & 7
        if kind == VARINT:
            number, position = _varint(content, position)
            yield field, kind, number
            continue
        if kind == BYTES:
            length, position = _varint(content, position)
        elif kind in (FIXED32, FIXED64):
            length = 4 if kind == FIXED32 else 8
        else:
            raise DataError(f"field {field} has the wire type {kind}")
        if position + length > len(content):
            raise DataError(f"field {field} is cut short")
        yield field, kind, content[position : position + length]
        position += length


def _varint(content: bytes, position: int) -> tuple[int, int]:
    """A number of 7 bits a byte, the lowest first, and the position behind it."""
    number = shift = 0
    while position < len(content) and shift < 70:
        byte = content[position]
        position += 1
        number |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return number, position
    raise DataError("a number is cut short")


def text_list(example: Example, key: str) -> list[str]:
    """A feature of texts; empty where it is missing."""
    values: Sequence[object] = example.get(key, [])
    return [value.decode() for value in values if isinstance(value, bytes)]


def number_list(example: Example, key: str) -> list[float]:
    """A feature of numbers; empty where it is missing."""
    values: Sequence[object] = example.get(key, [])
    return [float(value) for value in values if isinstance(value, int | float)]
