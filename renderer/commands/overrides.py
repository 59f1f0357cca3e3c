"""The overrides (KEY=VALUE) of a command line: those of each job, and the folder named after them."""

import hashlib
import re
import shlex
from collections.abc import Collection, Sequence
from typing import Any

from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException

from renderer.errors import RecipeError

UNSAFE_IN_NAMES = re.compile(r"[^A-Za-z0-9_.,=+-]+")
COMPARISON = re.compile(r"[<>]|[=!]=")
# Backslashes before a quote, or before the one that closes the text.
BEFORE_QUOTE = re.compile(r'(\\*)("|\Z)')
# A key in quotes, which Hydra's grammar of maps has not, and what it takes escaped in a plain one.
QUOTED_KEY = re.compile(r"""([{,]\s*)(?:"([^"]*)"|'([^']*)')(\s*:)""")
RESERVED_IN_KEY = re.compile(r"[\\()\[\]{}:=,]")
LONGEST_NAME = 200  # characters of a job's folder: file systems take 255 bytes


def jobs_of(overrides: Sequence[str], lists: Collection[str], *, multirun: bool) -> list[list[str]]:
    """The overrides of each job of a command line.

    Args:
        lists: the keys whose values are lists.

    Raises:
        RecipeError: an override is none, or has several values although there is to be one job.
    """
    parsed = [parse_override(override) for override in overrides]
    if not multirun:
        sweep = next((o for o in parsed if o.is_sweep_override()), None)
        if sweep is not None:
            raise RecipeError(_explain_sweep(sweep, is_list=sweep.key_or_group in lists))
        return [list(overrides)]
    own = [o for o in parsed if not str(o.key_or_group).startswith("hydra")]
    batches: Any = BasicSweeper.split_arguments(own, max_batch_size=None)
    return [list(job) for batch in batches for job in batch]


def _explain_sweep(override: Override, *, is_list: bool) -> str:
    key, _, value = str(override.input_line).partition("=")
    hint = f", or write {key}=[{value}] for one job with all of them" if is_list else ""
    return f"argument '{override.input_line}' has several values: add -m to run one job for each{hint}"


def parse_override(override: str) -> Override:
    """Read one argument as KEY=VALUE.

    Raises:
        RecipeError: it is none; the message shows how to write it.
    """
    parsed = _try_override(override)
    if parsed is None or not parsed.key_or_group:
        raise RecipeError(
            f"argument '{override}' must be KEY=VALUE, with special characters in double quotes inside "
            f"single ones: {_quoted(override)}"
        )
    return parsed


def with_plain_keys(argument: str) -> str:
    """An argument with the quotes taken from the keys of its maps, `{"mugs/*": mug}`, where that helps."""
    if _try_override(argument) is not None:
        return argument
    plain = QUOTED_KEY.sub(_without_quotes, argument)
    return argument if _try_override(plain) is None else plain


def _without_quotes(found: re.Match[str]) -> str:
    key = found[2] if found[2] is not None else found[3]
    escaped = RESERVED_IN_KEY.sub(lambda reserved: f"\\{reserved[0]}", key)
    return f"{found[1]}{escaped}{found[4]}"


def _try_override(override: str) -> Override | None:
    try:
        parsed: Override = OverridesParser.create().parse_override(override)
    except HydraException:
        return None
    return parsed


def _quoted(override: str) -> str:
    """The override as a shell must be given it, with a quoted value; an example if that is none either."""
    key, _, value = override.partition("=")
    quoted = f"{key}={_in_quotes(value)}"
    if value.startswith(("[", "{")):
        return f"'{key}=[\"a, b\",c]'" if value.startswith("[") else f"'{key}={{name: name}}'"
    if value and _try_override(quoted) is not None:
        return shlex.quote(quoted)
    return "'objects.die.color=\"#aa2010\"'"


def shell_argument(key: str, value: str) -> str:
    """KEY=VALUE as it may be pasted into a shell: quoted where the shell or Hydra's grammar asks for it."""
    plain = f"{key}={value}"
    parsed = _try_override(plain)
    if parsed is not None and not parsed.is_sweep_override() and parsed.value() == value:
        return shlex.quote(plain)
    return shlex.quote(f"{key}={_in_quotes(value)}")


def _in_quotes(value: str) -> str:
    """A text in double quotes for Hydra, to whom a backslash is an escape only where a quote follows it."""
    escaped = BEFORE_QUOTE.sub(lambda found: 2 * found[1] + ('\\"' if found[2] else ""), value)
    return f'"{escaped}"'


def job_folder(overrides: Sequence[str]) -> str:
    """The sub-folder of a job of a sweep, named after its overrides.

    A name that is long, or that comparisons are lost from, ends in a hash of them.
    """
    shown = sorted(o for o in overrides if not o.startswith(("out=", "hydra")))
    name = UNSAFE_IN_NAMES.sub("-", ",".join(shown)) or "defaults"
    if len(name) <= LONGEST_NAME and not any(COMPARISON.search(override) for override in shown):
        return name
    return f"{name[:LONGEST_NAME]}-{hashlib.sha256(','.join(shown).encode()).hexdigest()[:8]}"
