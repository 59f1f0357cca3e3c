"""`gapless recipe show|factors|check|diff`: what a recipe says, without Blender."""

import shlex
from argparse import Namespace
from collections.abc import Callable, Mapping, Sequence
from dataclasses import astuple, dataclass, fields, replace
from pathlib import Path
from typing import Any

import yaml

from renderer.commands.compose import compose_job, config_folder, parse_arguments
from renderer.commands.job import RECIPE, ResolvedJob
from renderer.commands.table import print_table
from renderer.errors import InputError, nearest_first, unknown_name_message
from renderer.inspect.recipes import FactorRow, factor_rows, recipe_difference, recipe_yaml
from renderer.recipe.entries import Entry, iter_entries
from renderer.recipe.schema import Recipe
from renderer.recipe.validation import parse_recipe, recipe_defaults

HELP = """\
usage: gapless recipe show|factors|check|diff [...]

Look at a recipe without rendering it; each of these has --help with examples.

  show       the whole recipe as YAML, each key with its range, unit and help
  factors    a table of what is drawn, and from what
  check      all that `gapless render` checks before it starts, and what is worth a look
  diff       what differs between two recipes, a recipe and its parent, or with and without overrides

examples:
  gapless recipe show recipe=dice
  gapless recipe factors recipe=cards camera
  gapless recipe check recipe=dice objects.die.count=3
  gapless recipe diff dice cards
"""
SHOW_HELP = """\
usage: gapless recipe show [KEY=VALUE ...] [--config-dir DIR]

Print the composed recipe as YAML: every key with its value, and as a comment its range, unit and help.
Saved as DIR/recipe/NAME.yaml it is a recipe of your own: gapless render --config-dir DIR recipe=NAME

examples:
  gapless recipe show recipe=dice
  gapless recipe show recipe=cards objects.card.count='[integer, 1, 3]' > my_configs/recipe/few_cards.yaml
"""
FACTORS_HELP = """\
usage: gapless recipe factors [KEY=VALUE ...] [WORD ...] [--config-dir DIR]

Print a table of all factors: name, state (varies, fixed, or off: never drawn), distribution, unit, range,
how often it is drawn, and help. With words: only the factors whose names contain one of them.

examples:
  gapless recipe factors recipe=dice
  gapless recipe factors recipe=dice camera color
"""
CHECK_HELP = """\
usage: gapless recipe check [KEY=VALUE ...] [--config-dir DIR]

Check all that `gapless render` checks before it starts, but for devices: keys, ranges, files, folders, and
that scenes can be drawn. Prints a summary, a table of your meshes, those that cannot be used first, and what
is worth a look; exit status 2 where something is wrong.

examples:
  gapless recipe check recipe=dice
  gapless recipe check recipe=tabletop objects.path=my_meshes
  gapless recipe check recipe=cards surface.image_folder=photos/tables out=outputs/cards
"""
DIFF_HELP = """\
usage: gapless recipe diff [NAME [NAME]] [KEY=VALUE ...] [--config-dir DIR]

Print what differs, one line a key. Two names: these recipes, both with the overrides. One name: the recipe
with the overrides against its parent: the recipe that it names in its defaults, or else the defaults of
the schema. No name: recipe=NAME with the overrides against without.

examples:
  gapless recipe diff dice cards
  gapless recipe diff dice
  gapless recipe diff recipe=dice camera.tilt_deg=0 objects.die.count=3
  gapless recipe diff --config-dir my_configs mine
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandLine:
    """The arguments behind the sub-command: overrides, and words without '='."""

    parsed: Namespace
    overrides: list[str]
    words: list[str]

    def compose(self, *overrides: str) -> ResolvedJob[Recipe]:
        """The recipe of these overrides.

        Raises:
            GaplessError: it cannot be composed, or is wrong.
        """
        return compose_job(RECIPE, "render", self.parsed, overrides)


def run(arguments: Sequence[str]) -> int:
    """Run `gapless recipe` with its arguments; returns the exit status."""
    wants_help = bool({"-h", "--help"} & set(arguments))
    name = next((a for a in arguments if a in _COMMANDS), None)
    if not arguments or (wants_help and name is None):
        print(HELP)
        return 0
    if name is None or arguments[0] != name:
        raise InputError(unknown_name_message("recipe command", arguments[0], _COMMANDS))
    command, help_text = _COMMANDS[name]
    if wants_help:
        print(help_text)
        return 0
    command(_command_line(arguments[1:]))
    return 0


def _command_line(arguments: Sequence[str]) -> CommandLine:
    parsed = parse_arguments(arguments)
    given = next((k for k, v in vars(parsed).items() if v and k not in ("overrides", "config_dir")), None)
    if given is not None:
        option = f"--{given.replace('_', '-')}"
        raise InputError(f"{option} is not for gapless recipe: it takes KEY=VALUE and --config-dir DIR")
    words = [a for a in parsed.overrides if "=" not in a and not a.startswith(("~", "+"))]
    overrides = [a for a in parsed.overrides if a not in words]
    return CommandLine(parsed=parsed, overrides=overrides, words=words)


def _show(line: CommandLine) -> None:
    job = line.compose(*line.overrides, *line.words)  # a word is refused there
    print("# @package _global_")
    print(f"# gapless recipe show {shlex.join(line.overrides)}".rstrip())
    print(recipe_yaml(job.settings), end="")


def _factors(line: CommandLine) -> None:
    rows = list(factor_rows(line.compose(*line.overrides).settings))
    for word in line.words:
        if not any(word in row.name for row in rows):
            parts = {part for row in rows for part in row.name.split(".")}
            raise InputError(
                f"word '{word}' is in no factor's name; did you mean '{nearest_first(word, parts)[0]}'?"
            )
    if line.words:
        rows = [row for row in rows if any(word in row.name for word in line.words)]
    print_table([field.name for field in fields(FactorRow)], [astuple(row) for row in rows])


def _check(line: CommandLine) -> None:
    from renderer.commands.recipe_check import check_recipe

    check_recipe(line.compose(*line.overrides, *line.words))


def _diff(line: CommandLine) -> None:
    left, right = _sides(line)
    print(f"left:  {left[0]}\nright: {right[0]}")
    difference = recipe_difference(left[1], right[1])
    parts = {"changed": difference.changed, "only left": difference.only_left}
    parts["only right"] = difference.only_right
    for title, lines in parts.items():
        if lines:
            print("\n".join(["", title, *(f"  {text}" for text in lines)]))
    print("\n" + ", ".join(f"{len(lines)} {title}" for title, lines in parts.items()))


Side = tuple[str, list[Entry]]


def _sides(line: CommandLine) -> tuple[Side, Side]:
    """What is compared, each with what it is called."""
    if len(line.words) > 2:
        raise InputError(f"diff must be given at most two recipes, got {', '.join(line.words)}")
    chosen = [override for override in line.overrides if override.startswith("recipe=")]
    others = [override for override in line.overrides if override not in chosen]
    if not line.words and others:
        return _side(line, chosen), _side(line, line.overrides)
    names = line.words or [override.partition("=")[2] for override in chosen]
    if not names:
        raise InputError(
            "diff must be given a recipe: gapless recipe diff dice, gapless recipe diff dice cards"
        )
    if len(names) == 1:
        return _parent_side(line, names[0]), _side(line, [f"recipe={names[0]}", *others])
    left, right = (_side(line, [f"recipe={name}", *others]) for name in names)
    return left, right


def _side(line: CommandLine, overrides: Sequence[str]) -> Side:
    job = line.compose(*overrides)
    name = shlex.join(overrides) or f"recipe={job.settings.name}"
    return name, list(iter_entries(job.settings))


def _parent_side(line: CommandLine, name: str) -> Side:
    """The recipe that a recipe begins with, or what the schema says of the same objects and lights."""
    recipe = line.compose(f"recipe={name}").settings
    parent = _parent_of(name, line.parsed.config_dir)
    if parent is not None:
        return _side(line, [f"recipe={parent}"])
    config: dict[str, Any] = recipe_defaults()
    config["objects"] = {kind: {"source": item.source} for kind, item in recipe.objects.items()}
    config["lighting"]["lights"] = {kind: {} for kind in recipe.lighting.lights}
    config["lighting"]["casters"] = {kind: {} for kind in recipe.lighting.casters}
    config["camera"]["rig"] = {kind: {} for kind in recipe.camera.rig}
    defaults = replace(parse_recipe(config), name=recipe.name, out=recipe.out)
    return "the defaults of the schema", list(iter_entries(defaults))


def _parent_of(name: str, config_dir: str | None) -> str | None:
    """The first recipe in a recipe's own list of defaults."""
    folders = [config_folder(), *([] if config_dir is None else [Path(config_dir)])]
    path = next(p for folder in folders if (p := folder / "recipe" / f"{name}.yaml").is_file())
    for item in yaml.safe_load(path.read_text(encoding="utf-8")).get("defaults", ()):
        if isinstance(item, str) and not item.startswith("_"):
            return item.removeprefix("/recipe/")
        for group, option in item.items() if isinstance(item, Mapping) else ():
            if group in ("recipe", "/recipe"):
                return str(option)
    return None


_COMMANDS: Mapping[str, tuple[Callable[[CommandLine], None], str]] = {
    "show": (_show, SHOW_HELP),
    "factors": (_factors, FACTORS_HELP),
    "check": (_check, CHECK_HELP),
    "diff": (_diff, DIFF_HELP),
}
