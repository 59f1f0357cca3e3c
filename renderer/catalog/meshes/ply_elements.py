"""The elements of a PLY file: its header, and columns of numbers, from text or bytes."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from jaxtyping import Float, Int

from renderer.catalog.meshes.fault import BrokenMeshError

LARGEST_HEADER_BYTES = 1 << 16
_TYPES: Mapping[str, str] = {
    "char": "i1", "uchar": "u1", "short": "i2", "ushort": "u2", "int": "i4", "uint": "u4",
    "float": "f4", "double": "f8", "int8": "i1", "uint8": "u1", "int16": "i2", "uint16": "u2",
    "int32": "i4", "uint32": "u4", "float32": "f4", "float64": "f8",
}  # fmt: skip
_TEXT, _ORDERS = "ascii", {"binary_little_endian": "<", "binary_big_endian": ">"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Property:
    """A column of an element; `count_type` is None where it is no list."""

    name: str
    type: str
    count_type: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Element:
    """A table of a PLY file."""

    name: str
    count: int
    properties: tuple[Property, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What comes before the numbers.

    Attributes:
        order: byte order, '<' or '>'; empty is text.
        images: names of images, from comments.
        end: where the numbers begin.
    """

    order: str
    elements: tuple[Element, ...]
    images: tuple[str, ...]
    end: int

    def count(self, element: str) -> int:
        """The number of rows of an element."""
        return sum(item.count for item in self.elements if item.name == element)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Lists:
    """A column of lists: all their values in a row, and how many each has."""

    values: Float[np.ndarray, " n"] | Int[np.ndarray, " n"]
    counts: Int[np.ndarray, " rows"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Table:
    """The columns of an element by their names, and the largest value that the type of each can have."""

    columns: Mapping[str, np.ndarray]
    lists: Mapping[str, Lists]
    tops: Mapping[str, float] = field(default_factory=dict)


def read_header(content: bytes) -> Header:
    """The header of a PLY file, of which `content` is the start.

    Raises:
        BrokenMeshError: it is no such header.
    """
    match = re.search(rb"\nend_header[ \t]*\r?\n|\rend_header\r", content[:LARGEST_HEADER_BYTES])
    if match is None:
        raise BrokenMeshError("breaks off within its header")
    lines = content[: match.start()].decode("utf-8", "replace").splitlines()
    order: str | None = None
    elements: list[Element] = []
    images: list[str] = []
    for line in lines[1:]:
        match line.split():
            case ["format", kind, *_]:
                order = "" if kind == _TEXT else _ORDERS.get(kind)
            case ["comment", word, *_] if word.lower() == "texturefile":
                images.append(line.split(None, 2)[2].strip() if len(line.split()) > 2 else "")
            case ["element", name, count] if count.isdecimal():
                elements.append(Element(name=name, count=int(count), properties=()))
            case ["property", *words] if elements:
                last = elements.pop()
                properties = (*last.properties, _property(words))
                elements.append(Element(name=last.name, count=last.count, properties=properties))
            case ["element" | "property", *_]:
                raise BrokenMeshError(f"has the header line '{line[:60]}', which is no PLY")
    if order is None:
        raise BrokenMeshError("has a header without a format")
    return Header(order=order, elements=tuple(elements), images=tuple(images), end=match.end())


def read_tables(content: bytes, header: Header, wanted: Sequence[str]) -> dict[str, Table]:
    """The wanted elements of a PLY file.

    Raises:
        BrokenMeshError: it breaks off.
    """
    numbers, order = content[header.end :], header.order
    if not order:
        numbers = np.array([float(word) for word in numbers.split()], dtype="<f8").tobytes()
    start = 0
    tables: dict[str, Table] = {}
    for element in header.elements:
        if set(wanted) <= set(tables):
            break
        if not element.properties or not element.count:
            tables[element.name] = Table(columns={}, lists={})
            continue
        stored = element if order else _as_doubles(element)
        table, start = _from_bytes(numbers, start, stored, order or "<")
        tables[element.name] = replace(table, tops=_tops(element))
    return tables


def _as_doubles(element: Element) -> Element:
    """A text's element: all of its numbers are doubles once they are read."""
    return replace(
        element,
        properties=tuple(
            replace(item, type="f8", count_type=None if item.count_type is None else "f8")
            for item in element.properties
        ),
    )


def _property(words: Sequence[str]) -> Property:
    match words:
        case ["list", count_type, kind, name] if count_type in _TYPES and kind in _TYPES:
            return Property(name=name, type=_TYPES[kind], count_type=_TYPES[count_type])
        case [kind, name] if kind in _TYPES:
            return Property(name=name, type=_TYPES[kind])
    raise BrokenMeshError(f"has the header line 'property {' '.join(words)[:60]}', which is no PLY")


def _from_bytes(content: bytes, start: int, element: Element, order: str) -> tuple[Table, int]:
    """An element whose rows are alike at once, any other row by row."""
    lengths = _first_lengths(content, start, element, order)
    fields = _fields(element, lengths, order)
    row = np.dtype([(name, kind, shape) for name, kind, shape in fields])
    if row.itemsize and start + element.count * row.itemsize <= len(content):
        rows = np.frombuffer(content, row, element.count, start)
        names = [f"#{item.name}" for item in element.properties if item.count_type]
        if all((rows[name] == lengths[name[1:]]).all() for name in names):
            return _table(element, {name: rows[name] for name, _, _ in fields}), start + rows.nbytes
    if not any(item.count_type for item in element.properties):
        raise _breaks_off(element)
    return _row_by_row(content, start, element, order)


def _first_lengths(content: bytes, start: int, element: Element, order: str) -> dict[str, int]:
    """How long the lists of the first row are."""
    lengths = {}
    for item in element.properties:
        if item.count_type is not None:
            lengths[item.name] = length = _number(content, start, order + item.count_type, element)
            start += np.dtype(item.count_type).itemsize + length * np.dtype(item.type).itemsize
        else:
            start += np.dtype(item.type).itemsize
    return lengths


def _number(content: bytes, start: int, kind: str, element: Element) -> int:
    width = np.dtype(kind).itemsize
    if start + width > len(content):
        raise _breaks_off(element)
    length = int(np.frombuffer(content, kind, 1, start)[0])
    if not 0 <= length <= len(content):
        raise BrokenMeshError(f"has a list of {length} in element '{element.name}'")
    return length


def _fields(
    element: Element, lengths: Mapping[str, int], order: str
) -> list[tuple[str, str, tuple[int, ...]]]:
    """The fields of a row whose lists are so long; the length itself is named with '#'."""
    fields: list[tuple[str, str, tuple[int, ...]]] = []
    for item in element.properties:
        if item.count_type is None:
            fields.append((item.name, order + item.type, ()))
        else:
            fields.append((f"#{item.name}", order + item.count_type, ()))
            fields.append((item.name, order + item.type, (lengths[item.name],)))
    return fields


def _table(element: Element, columns: Mapping[str, np.ndarray]) -> Table:
    """The table of rows that are alike."""
    listed = [item.name for item in element.properties if item.count_type]
    return Table(
        columns={item.name: columns[item.name] for item in element.properties if not item.count_type},
        lists={
            name: Lists(
                values=columns[name].reshape(-1),
                counts=np.full(element.count, columns[name].size // element.count, dtype=np.int64),
            )
            for name in listed
        },
    )


def _tops(element: Element) -> dict[str, float]:
    """The value of full intensity by the type: 1 for floating-point numbers."""
    kinds = {item.name: np.dtype(item.type) for item in element.properties}
    return {name: 1.0 if kind.kind == "f" else float(np.iinfo(kind).max) for name, kind in kinds.items()}


def _row_by_row(content: bytes, start: int, element: Element, order: str) -> tuple[Table, int]:
    values: dict[str, list[np.ndarray]] = {item.name: [] for item in element.properties}
    for _ in range(element.count):
        for item in element.properties:
            length = 1
            if item.count_type is not None:
                length = _number(content, start, order + item.count_type, element)
                start += np.dtype(item.count_type).itemsize
            kind = np.dtype(order + item.type)
            if start + length * kind.itemsize > len(content):
                raise _breaks_off(element)
            values[item.name].append(np.frombuffer(content, kind, length, start))
            start += length * kind.itemsize
    return _uneven(element, values), start


def _uneven(element: Element, values: Mapping[str, Sequence[np.ndarray]]) -> Table:
    """The table of rows whose lists differ in length."""
    joined = {name: np.concatenate(rows) for name, rows in values.items()}
    listed = [item.name for item in element.properties if item.count_type]
    return Table(
        columns={name: column for name, column in joined.items() if name not in listed},
        lists={
            name: Lists(values=joined[name], counts=np.array([len(row) for row in values[name]]))
            for name in listed
        },
    )


def _breaks_off(element: Element) -> BrokenMeshError:
    return BrokenMeshError(f"breaks off: {element.count} rows of '{element.name}' are announced")
