"""The building blocks of the schema: settings (fixed values) and factors (randomized values)."""

import enum
from collections.abc import Sequence
from dataclasses import MISSING, dataclass, field
from typing import Any

from renderer.recipe.distributions import Distribution


class Level(enum.Enum):
    """How often a factor is drawn: once a scene, once a view or once a shot."""

    SCENE = "scene"
    VIEW = "view"
    SHOT = "shot"


class Kind(enum.Enum):
    """What the draws of a factor are."""

    NUMBER = "number"
    INTEGER = "integer"
    FLAG = "flag"
    NAME = "name"
    COLOR = "color"
    DIRECTION = "direction"
    ROTATION = "rotation"


@dataclass(frozen=True, slots=True, kw_only=True)
class FactorSpec:
    """What a factor may be: its kind, unit, range, level and one line of help.

    Attributes:
        shared: one draw for a whole kind of objects or lights, not one for each of them.
        optional: null is a value: it switches off what the factor controls.
        needs: the factor of the same group without which this one is not drawn.
        until: until when it is drawn again, in words. No other factor may depend on it, for what it is now it
            may not be later.
    """

    kind: Kind
    help: str
    unit: str = ""
    low: float | None = None
    high: float | None = None
    options: tuple[Any, ...] = ()
    level: Level = Level.SCENE
    shared: bool = False
    optional: bool = False
    needs: str = ""
    until: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingSpec:
    """What a setting may be: its type, unit, range and one line of help.

    Attributes:
        item: type of the items of a list.
        type: a `dict` maps names to names or null.
        low: of each item, where the setting is a list; so with `high` and `options`.
        optional: null is a value.
        scalar: a plain item stands for the list of it alone.
        interval: a list [low, high] of two numbers in this order.
        length: of a list; None leaves it open.
        required: what stands in for the value where a command must be told it: `data=SET`.
        suffix: what a text must end in; of `out` it says that `out` is a file, not a folder.
    """

    item: type | None = None  # first: below it, `type` is the field
    type: type
    help: str
    unit: str = ""
    low: float | None = None
    high: float | None = None
    options: tuple[Any, ...] = ()
    optional: bool = False
    scalar: bool = False
    interval: bool = False
    length: int | None = None
    required: str = ""
    suffix: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Factor:
    """One randomized quantity: dotted name, distribution and specification."""

    name: str
    distribution: Distribution
    spec: FactorSpec


def factor(default: Any, kind: Kind, **spec: Any) -> Any:
    """Declare a factor of a schema dataclass, with its default in factor syntax."""
    return field(metadata={"spec": FactorSpec(kind=kind, **spec), "default": default})


def number(default: Any, **spec: Any) -> Any:
    """Declare a factor whose draws are floating-point numbers."""
    return factor(default, Kind.NUMBER, **spec)


def setting(default: Any, kind: type, **spec: Any) -> Any:
    """Declare a setting of a schema dataclass, with its default; the items of a list are like the first."""
    if kind is list and default:
        spec.setdefault("item", type(default[0]))
    return field(metadata={"spec": SettingSpec(type=kind, **spec), "default": default})


def interval(default: Sequence[float], **spec: Any) -> Any:
    """Declare a setting that is a range [low, high] of numbers, with its default."""
    return setting(list(default), list, item=float, interval=True, **spec)


def named_map(item: str, default: Any = MISSING) -> Any:
    """Declare a map from the user's names to schema dataclasses of the kind `item`."""
    return field(metadata={"map": item, "default": {} if default is MISSING else default})


def relations() -> Any:
    """Declare a map from the user's names to what relates factors; Hydra takes any name without a plus."""
    return field(metadata={"map": "relation", "default": {}, "open": True})


def group() -> Any:
    """Declare a nested schema dataclass."""
    return field(metadata={"group": True})


def bounds_text(spec: FactorSpec | SettingSpec) -> str:
    """The allowed range in words: 'in [0, 1]', '1 or more', 'one of a, b'."""
    if spec.options:
        return f"one of {_list(spec.options)}"
    if spec.low is not None and spec.high is not None:
        return f"in [{spec.low:g}, {spec.high:g}]"
    if spec.low is not None:
        return f"{spec.low:g} or more"
    return f"{spec.high:g} or less" if spec.high is not None else "any value"


def _list(options: Sequence[Any]) -> str:
    return ", ".join(str(option) for option in options)
