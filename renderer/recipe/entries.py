"""The keys of a recipe with what stands there, in the order of the schema."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

from renderer.recipe.distributions import Constant, Distribution
from renderer.recipe.keys import Factor, FactorSpec, Kind, SettingSpec, bounds_text
from renderer.recipe.schema import Recipe
from renderer.recipe.settings import unit_text
from renderer.recipe.syntax import syntax_of, value_text


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A key of a recipe.

    Attributes:
        key: dotted.
        spec: None where the schema leaves open what stands there: an empty map, a condition ...
        content: a distribution, the value of a setting, None where it is off, or what the schema leaves open.
        owner: the name in a map that the key belongs to, such as `die` of `objects.die.face`, or nothing.
    """

    key: str
    spec: FactorSpec | SettingSpec | None
    content: Any
    owner: str = ""

    @property
    def value(self) -> Any:
        """What stands at the key, in factor syntax, as plain data."""
        if not isinstance(self.spec, FactorSpec) or self.content is None:
            return self.content
        is_vector = self.spec.kind is Kind.DIRECTION and isinstance(self.content, Constant)
        return self.content.value if is_vector else syntax_of(self.content)

    @property
    def text(self) -> str:
        """The value as one line of text."""
        return value_text(self.value)

    @property
    def level(self) -> str:
        """How often a factor is drawn: 'scene', 'scene, each die', 'view', 'shot'; nothing for a setting."""
        if not isinstance(self.spec, FactorSpec):
            return ""
        level = self.spec.level.value
        return f"{level}, each {self.owner}" if self.owner and not self.spec.shared else level

    @property
    def unit(self) -> str:
        """The unit, or nothing."""
        return "" if self.spec is None else self.spec.unit

    @property
    def help(self) -> str:
        """One line of help."""
        return "" if self.spec is None else self.spec.help


def range_text(spec: FactorSpec | SettingSpec) -> str:
    """What a key may be, in words: '[0, 85]', '1 or more', 'a, b, c'; nothing where anything may stand."""
    if spec.options:
        return ", ".join(value_text(o) if isinstance(o, bool) else str(o) for o in spec.options)
    is_open = spec.low is None and spec.high is None
    return "" if is_open else bounds_text(spec).removeprefix("in ")


def comment_text(spec: FactorSpec | SettingSpec) -> str:
    """Range, unit and help of a key in one line: '[0, 85] deg; angle from straight down'."""
    allowed = f"{range_text(spec)}{unit_text(spec)}".strip()
    return f"{allowed}; {spec.help}" if allowed else spec.help


def iter_entries(recipe: Recipe) -> Iterator[Entry]:
    """All keys of a recipe, in the order of the schema."""
    yield from _of_group(recipe, "", "")


def _of_group(node: Any, path: str, owner: str) -> Iterator[Entry]:
    for field in fields(node):
        value, key = getattr(node, field.name), f"{path}{field.name}"
        if "spec" in field.metadata:
            content = value.distribution if isinstance(value, Factor) else value
            yield Entry(key=key, spec=field.metadata["spec"], content=content, owner=owner)
        elif "group" in field.metadata:
            yield from _of_group(value, f"{key}.", owner)
        else:
            yield from _of_map(value, key)


def _of_map(items: Mapping[str, Any], path: str) -> Iterator[Entry]:
    if not items:
        yield Entry(key=path, spec=None, content={})
    for name, item in items.items():
        key = f"{path}.{name}"
        if is_dataclass(item) and all(field.metadata for field in fields(item)):
            yield from _of_group(item, f"{key}.", name)
        else:
            yield Entry(key=key, spec=None, content=_plain(item))


def _plain(node: Any) -> Any:
    """What the schema leaves open, such as a condition, as plain data."""
    if isinstance(node, Distribution):
        return syntax_of(node)
    if is_dataclass(node):
        return {field.name: _plain(getattr(node, field.name)) for field in fields(node)}
    return {key: _plain(item) for key, item in node.items()} if isinstance(node, Mapping) else node
