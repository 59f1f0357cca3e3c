"""The reference of a recipe's keys, generated from the schema, as Markdown."""

import typing
from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any

from renderer.recipe.entries import range_text
from renderer.recipe.keys import FactorSpec, SettingSpec
from renderer.recipe.schema import Recipe
from renderer.recipe.syntax import value_text

HEADINGS = ("key", "default", "unit", "range or options", "drawn", "what it is")


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A group of the schema; `path` is its dotted name with NAME for a name of the user's."""

    path: str
    schema: type

    @property
    def about(self) -> str:
        """The first line of the docstring."""
        return (self.schema.__doc__ or "").strip().partition("\n")[0]


def reference_sections() -> Iterator[Section]:
    """All groups that have keys of their own, in the order of the schema."""
    yield from _sections(Section(path="", schema=Recipe))


def _sections(section: Section) -> Iterator[Section]:
    yield section
    types = typing.get_type_hints(section.schema)
    prefix = f"{section.path}." if section.path else ""
    for field in fields(section.schema):
        if "group" in field.metadata:
            yield from _sections(Section(path=f"{prefix}{field.name}", schema=types[field.name]))
        elif "map" in field.metadata and not field.metadata.get("open"):
            for schema in _item_types(types[field.name]):
                yield from _sections(Section(path=f"{prefix}{field.name}.NAME", schema=schema))


def _item_types(mapping: Any) -> tuple[type, ...]:
    """The schemas that the items of a map may have."""
    _, item = typing.get_args(mapping)
    return typing.get_args(item) or (item,)


def section_markdown(section: Section) -> str:
    """A heading, what the group is, and a table of its keys."""
    source = next((f.metadata["default"] for f in fields(section.schema) if f.name == "source"), None)
    title = f"`{section.path}`" if section.path else "Top level"
    title += f" with `source: {source}`" if source else ""
    rows = [
        _row(field, is_named=".NAME" in section.path)
        for field in fields(section.schema)
        if "spec" in field.metadata
    ]
    table = [HEADINGS, ("---",) * len(HEADINGS), *rows]
    lines = [f"| {' | '.join(cells)} |" for cells in table] if rows else []
    return "\n".join([f"### {title}", "", section.about, *(["", *lines] if lines else [])])


def _row(field: Any, *, is_named: bool) -> tuple[str, ...]:
    spec: FactorSpec | SettingSpec = field.metadata["spec"]
    drawn = ""
    if isinstance(spec, FactorSpec):
        drawn = f"{spec.level.value}, each" if is_named and not spec.shared else spec.level.value
    text = (
        f"`{field.name}`", f"`{value_text(field.metadata['default'])}`", spec.unit, range_text(spec), drawn,
        _help_text(spec),
    )  # fmt: skip
    return tuple(cell.replace("|", "\\|") for cell in text)


def _help_text(spec: FactorSpec | SettingSpec) -> str:
    """The line of help, and what the key needs or is drawn again for."""
    parts = [spec.help]
    if isinstance(spec, FactorSpec):
        parts += [f"only with `{spec.needs}`"] if spec.needs else []
        parts += [f"drawn again {spec.until}"] if spec.until else []
    return "; ".join(parts)
