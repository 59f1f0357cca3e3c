"""Every error that gapless raises on purpose.

GaplessError
├── InputError            the user's input cannot be used; the command exits with 2
│   ├── RecipeError       a key, value or range of a recipe
│   ├── CatalogError      a file or folder a recipe points to
│   ├── StoreError        the output folder
│   ├── DataError         a labelled dataset, a checkpoint or a photograph
│   └── DeviceError       a device that was asked for and is not there
└── InfrastructureError   a crash, a hang or missing memory; running again may help
"""

import difflib
from collections.abc import Iterable

SHORTEST_PART = 4  # letters of a name that says something as a part of another


class GaplessError(Exception):
    """Base of all errors with a message made for the user."""


class InputError(GaplessError):
    """The input cannot be used; the message says what was expected and what to do."""


class RecipeError(InputError):
    """A recipe has an unknown key, a value of the wrong type or a range that cannot be."""


class CatalogError(InputError):
    """A file or folder of meshes, textures or skies is missing or unreadable."""


class StoreError(InputError):
    """The output folder cannot be written or holds something else."""


class DataError(InputError):
    """A labelled dataset, a checkpoint or a photograph is missing, unreadable or wrong."""


class DeviceError(InputError):
    """A device that was asked for is not there."""


class InfrastructureError(GaplessError):
    """The machine failed, not the input: frames that were lost are rendered by the next run."""


def nearest_first(name: str, known: Iterable[str]) -> list[str]:
    """Known names sorted by likeness to `name`, the most alike first, without repeats.

    Those that hold the whole name come before others: 'normal' leads to 'truncated_normal', not to 'uniform'.
    """

    def unlikeness(other: str) -> tuple[bool, float, str]:
        is_part = len(name) >= SHORTEST_PART and name in other
        return not is_part, -difflib.SequenceMatcher(None, name, other).ratio(), other

    return sorted(set(known), key=unlikeness)


def unknown_name_message(where: str, name: str, known: Iterable[str]) -> str:
    """One sentence for an unknown name: what was given, the nearest known one and the others."""
    names = nearest_first(name, known)
    if not names:
        return f"{where} '{name}' is unknown, and nothing is known here"
    others = f" (known: {', '.join(names)})" if len(names) > 1 else ""
    return f"{where} '{name}' is unknown; did you mean '{names[0]}'?{others}"
