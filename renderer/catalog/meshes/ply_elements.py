"""The elements of a PLY file: its header, and columns of numbers, from text or bytes."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Int, Real

from renderer.catalog.meshes.fault import BrokenMeshError

LARGEST_HEADER_BYTES = 1 << 16
_TYPES: Mapping[str, str] = {
    "char": "i1", "uchar": "u1", "short": "i2", "ushort": "u2", "int": "i4", "uint": "u4",
    "float": "f4", "double": "f8", "int8": "i1", "uint8": "u1", "int16": "i2", "uint16": "u2",
    "int32": "i4", "uint32": "u4", "float32": "f4", "float64": "f8",
}  # fmt: skip
_COUNT = "#"  # goes before the name of a list: how many numbers it has
_Rows = dict[str, np.ndarray]  # the numbers of properties and of the counts of lists
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
class Column:
    """The values of a property in all rows, one after another.

    Attributes:
        counts: how many each row has; None where it is no list.
        top: the value of full intensity by the type: 1 for floating-point numbers.
    """

    values: Real[np.ndarray, " n"]
    counts: Int[np.ndarray, " rows"] | None
    top: float


Table = Mapping[str, Column]


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
        tables[element.name] = {}
        if element.properties and element.count:
            stored = element if order else _as_doubles(element)
            rows, start = _rows(numbers, start, stored, order or "<")
            tables[element.name] = {item.name: _column(item, rows) for item in element.properties}
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


def _rows(content: bytes, start: int, element: Element, order: str) -> tuple[_Rows, int]:
    """Rows that are alike at once, any others one by one; and where they end."""
    first, end = _row(content, start, element, order)
    fields = [(name, value.dtype, value.shape) for name, value in first.items()]
    kind = np.dtype(fields)
    if start + element.count * kind.itemsize <= len(content):
        rows = np.frombuffer(content, kind, element.count, start)
        if all((rows[name] == first[name]).all() for name in first if name.startswith(_COUNT)):
            return {name: rows[name] for name in first}, start + rows.nbytes
    if not any(item.count_type for item in element.properties):
        raise _breaks_off(element)
    listed = [first]
    for _ in range(element.count - 1):
        row, end = _row(content, end, element, order)
        listed.append(row)
    return {name: np.concatenate([row[name] for row in listed]) for name in first}, end


def _row(content: bytes, start: int, element: Element, order: str) -> tuple[_Rows, int]:
    """The numbers of one row, and where it ends."""
    row: _Rows = {}

    def read(name: str, kind: str, count: int) -> None:
        nonlocal start
        size = count * np.dtype(kind).itemsize
        if start + size > len(content):
            raise _breaks_off(element)
        row[name] = np.frombuffer(content, order + kind, count, start)
        start += size

    for item in element.properties:
        length = 1
        if item.count_type is not None:
            read(_COUNT + item.name, item.count_type, 1)
            length = int(row[_COUNT + item.name][0])
            if not 0 <= length <= len(content):
                raise BrokenMeshError(f"has a list of {length} in element '{element.name}'")
        read(item.name, item.type, length)
    return row, start


def _column(item: Property, rows: _Rows) -> Column:
    kind = np.dtype(item.type)
    return Column(
        values=rows[item.name].ravel(),
        counts=None if item.count_type is None else rows[_COUNT + item.name].ravel().astype(np.int64),
        top=1.0 if kind.kind == "f" else float(np.iinfo(kind).max),
    )


def _breaks_off(element: Element) -> BrokenMeshError:
    return BrokenMeshError(f"breaks off: {element.count} rows of '{element.name}' are announced")
