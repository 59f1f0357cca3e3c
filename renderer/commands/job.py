"""What a command works on: the schema of its settings, and one checked job. Neither loads Hydra."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, TypeVar

from renderer.recipe.schema import DEVICE_KEYS, Recipe
from renderer.recipe.validation import parse_recipe, parse_settings

Settings = TypeVar("Settings")


@dataclass(frozen=True, slots=True, kw_only=True)
class Schema(Generic[Settings]):
    """The settings of a command, and how they are made from a composed configuration.

    Attributes:
        settings: a dataclass of `setting`, `factor`, `group` and `named_map` fields.
        parse: checks a composed configuration; raises RecipeError.
        place_keys: dotted keys that say where a job runs, not what it does: a job's YAML leaves them out.
    """

    settings: type[Settings]
    parse: Callable[[Mapping[str, Any]], Settings]
    place_keys: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolvedJob(Generic[Settings]):
    """One job: its checked settings, and what was composed, as YAML, for the folder it writes to.

    Attributes:
        overrides: arguments that compose these settings again, wherever the job is to run.
    """

    settings: Settings
    yaml: str
    overrides: Sequence[str] = ()


def schema_of(
    settings: type[Settings], place_keys: frozenset[str] = frozenset({"out", "device", "workers"})
) -> Schema[Settings]:
    """The schema of a dataclass without checks of its own beyond its fields and `__post_init__`."""
    return Schema(settings=settings, parse=partial(parse_settings, settings), place_keys=place_keys)


RECIPE = Schema(
    settings=Recipe,
    parse=parse_recipe,
    place_keys=frozenset({"out", "execution", "dry_run", "profile"}) | DEVICE_KEYS,
)
