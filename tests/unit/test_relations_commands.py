"""Conditions, correlations and constraints from files and command lines, up to the door of Blender."""

import json
import sys
from pathlib import Path

import pytest
import yaml
from unit.command_line import dry_run
from unit.frames import tree

from renderer.commands.main import run
from renderer.recipe.schema import Condition, Correlation
from renderer.recipe.validation import parse_recipe

FITS = "camera.field_width_m >= 1.5 * layout.half_width_m"
OWN = f"""\
# @package _global_
defaults:
  - dice
  - _self_
conditions:
  flat-in-trays:
    factor: camera.tilt_deg
    when: surface.tray.presence
    draw: [uniform, 0, 10]
correlations:
  size:
    factors: {{objects.die.edge_m: 0.8, objects.die.roughness: -0.5}}
constraints:
  fits: {FITS}
"""
TILTED = 'conditions.tilted={factor: camera.tilt_deg, when: "objects.die.count > 3", draw: [uniform, 20, 30]}'


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch) -> Path:
    for name in ("bpy", "blenderproc"):
        monkeypatch.setitem(sys.modules, name, None)  # whoever imports Blender in here fails
    monkeypatch.chdir(tmp_path)
    own = tmp_path / "mine" / "recipe" / "own.yaml"
    own.parent.mkdir(parents=True)
    own.write_text(OWN)
    return tmp_path


def composed(capsys, *arguments: str):
    assert run(["render", *arguments, "--cfg", "job"]) == 0
    return yaml.safe_load(capsys.readouterr().out)


def refusal(capsys, here: Path, *arguments: str) -> str:
    before = tree(here)
    assert run(arguments) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert tree(here) == before
    return line.removeprefix("gapless: ")


def test_a_file_says_how_factors_are_related(capsys):
    shown = composed(capsys, "recipe=own", "--config-dir", "mine")
    recipe = parse_recipe(shown)
    assert recipe.constraints == {"fits": FITS}
    assert list(recipe.conditions) == ["flat-in-trays"]
    assert recipe.correlations["size"].factors == {"objects.die.edge_m": 0.8, "objects.die.roughness": -0.5}


def test_the_command_line_adds_names_without_a_plus_and_changes_those_of_a_file(capsys):
    shown = composed(
        capsys, "recipe=own", "--config-dir", "mine", TILTED, 'constraints.flat="camera.tilt_deg < 80"',
        "correlations.views.factors={camera.tilt_deg: 0.5, camera.roll_deg: 1}",
        "conditions.flat-in-trays.draw=7", 'conditions.flat-in-trays.when="not surface.tray.presence"',
        "constraints.fits=null", "~correlations.size",
    )  # fmt: skip
    recipe = parse_recipe(shown)
    assert list(recipe.conditions) == ["flat-in-trays", "tilted"]
    assert recipe.conditions["flat-in-trays"].when == "not surface.tray.presence"
    assert recipe.conditions["tilted"] == Condition(
        factor="camera.tilt_deg",
        when="objects.die.count > 3",
        draw=parse_recipe(shown | {"camera": {"tilt_deg": ["uniform", 20, 30]}}).camera.tilt_deg.distribution,
    )
    assert recipe.constraints == {"flat": "camera.tilt_deg < 80"}
    assert recipe.correlations == {
        "views": Correlation(factors={"camera.roll_deg": 1.0, "camera.tilt_deg": 0.5})
    }


def test_what_is_shown_composes_to_the_same_recipe(capsys, here):
    options = ["recipe=own", "--config-dir", "mine"]
    shown = composed(capsys, *options, TILTED)
    (here / "mine" / "recipe" / "again.yaml").write_text(
        "# @package _global_\n" + yaml.safe_dump(shown, sort_keys=False)
    )
    again = composed(capsys, "recipe=again", "--config-dir", "mine", f"out={shown['out']}")
    assert parse_recipe(again) == parse_recipe(shown)


def test_other_maps_still_take_new_names_with_a_plus_only(capsys, here):
    assert "key 'lighting.lights.second.count' is unknown" in refusal(
        capsys, here, "render", "recipe=dice", "lighting.lights.second.count=2"
    )
    assert (
        "second" in composed(capsys, "recipe=dice", "+lighting.lights.second.count=2")["lighting"]["lights"]
    )


REFUSALS = [
    ("constraint.a=1", "key 'constraint.a' is unknown; did you mean 'constraints'?"),
    ("conditions.a.wen=1", "key 'conditions.a.wen' is unknown; did you mean 'conditions.a.when'?"),
    ("conditions=3", "conditions must be a map from names to groups of keys, got 3"),
    (
        "constraints.a=camera.tilt_deg < 30",
        (
            "argument 'constraints.a=camera.tilt_deg < 30' must be KEY=VALUE, with special characters in "
            "double quotes inside single ones: 'constraints.a=\"camera.tilt_deg < 30\"'"
        ),
    ),
    (
        'constraints.a="camera.tlt_deg < 30"',
        "constraints.a: factor 'camera.tlt_deg' is unknown; did you mean 'camera.tilt_deg'?",
    ),
    (
        'constraints.wide="camera.field_width_m > 9 + layout.half_width_m"',
        (
            "constraints.wide cannot be met: 'camera.field_width_m > 9 + layout.half_width_m' did not "
            "hold in 1000 attempts for scene 0, view 0; widen camera.field_width_m, which is drawn again, or "
            "loosen the constraint"
        ),
    ),
]


@pytest.mark.parametrize(("argument", "said"), REFUSALS, ids=lambda case: case[:30])
@pytest.mark.parametrize("command", ["render", "preview"])
def test_a_bad_relation_stops_a_command_before_anything_is_written(capsys, here, command, argument, said):
    assert refusal(capsys, here, command, "recipe=dice", argument) == said


def test_a_sweep_over_constraints_has_a_folder_for_each(here):
    dry_run("-m", "out=sweep", 'constraints.a="camera.tilt_deg > 20","camera.tilt_deg < 20"')
    folders = sorted((here / "sweep").iterdir())
    assert len(folders) == 2
    tilts = [json.loads((f / "dry_run" / "scenes.jsonl").read_text())["views"][0]["draws"] for f in folders]
    assert sorted(draws["camera.tilt_deg"] > 20 for draws in tilts) == [False, True]
