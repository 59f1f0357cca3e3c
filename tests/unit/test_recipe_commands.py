"""`gapless recipe`: what is shown is the recipe, what differs is what was changed, and nothing is written."""

import re
import sys
from pathlib import Path

import pytest
import yaml
from unit.command_line import write_own_recipe
from unit.frames import tree
from unit.recipes import cards_recipe, dice_recipe, recipe_of

from renderer.commands.main import run
from renderer.recipe.keys import Level
from renderer.recipe.validation import iter_factors, parse_recipe

RELATED = {
    "conditions.dim": {
        "factor": "lighting.environment.strength",
        "when": "surface.appearance.metallic > 0.5",
        "draw": ["log_uniform", 0.3, 0.5],
    },
    "correlations.far": {"factors": {"camera.tilt_deg": 0.8, "camera.field_width_m": -0.5}},
    "constraints.level": "abs(camera.roll_deg) < 20 or camera.tilt_deg < 10",
    "sensor.iso": ["sometimes", 0.5, ["log_uniform", 100, 6400]],
}
WEDGE_OBJ = "v 0 0 0\nv 1 0 0\nv 0 1 0\nv 0 0 1\nf 1 3 2\nf 1 2 4\nf 1 4 3\nf 2 3 4\n"
SUB_COMMANDS = ("show", "factors", "check", "diff")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch) -> Path:
    """An empty working directory, which must be as empty afterwards, and no Blender."""
    for name in ("bpy", "blenderproc"):
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def said(capsys):
    """Run `gapless recipe` with a line of arguments; returns what it prints."""

    def run_recipe(arguments: str, status: int = 0) -> str:
        assert run(["recipe", *arguments.split()]) == status
        captured = capsys.readouterr()
        return captured.out if status == 0 else captured.err

    return run_recipe


@pytest.fixture
def refused(said):
    def run_refused(arguments: str) -> str:
        (line,) = said(arguments, status=2).splitlines()
        return line.removeprefix("gapless: ")

    return run_refused


# help


def test_recipe_without_a_sub_command_lists_them(said):
    assert all(f"\n  {name} " in said("") for name in SUB_COMMANDS)


@pytest.mark.parametrize("name", SUB_COMMANDS)
def test_help_of_a_sub_command_has_examples_that_name_it(said, name):
    usage, _, examples = said(f"{name} recipe=dcie --help").partition("examples:")
    assert usage.startswith(f"usage: gapless recipe {name} ")
    assert examples.count(f"gapless recipe {name} ") >= 2


@pytest.mark.parametrize("name", SUB_COMMANDS)
def test_examples_of_the_help_run(said, name, here):
    (here / "photos/tables").mkdir(parents=True)
    (here / "my_meshes").mkdir()
    (here / "my_meshes/wedge.obj").write_text(WEDGE_OBJ)
    write_own_recipe(here)
    (here / "mine").rename(here / "my_configs")
    (here / "my_configs/recipe/own.yaml").rename(here / "my_configs/recipe/mine.yaml")
    for line in said(f"{name} --help").partition("examples:")[2].splitlines():
        arguments = line.partition(f"gapless recipe {name} ")[2].partition(" > ")[0]
        if arguments and "photos/tables" not in arguments:
            assert said(f"{name} {arguments.replace(chr(39), '').replace(', ', ',')}")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ("shwo", "recipe command 'shwo' is unknown; did you mean 'show'? (known: show, "),
        ("recipe=dice show", "recipe command 'recipe=dice' is unknown; did you mean"),
        ("show recipe=dcie", "recipe 'dcie' is unknown; did you mean 'dice'?"),
        ("show dice", "argument 'dice' must be KEY=VALUE"),
        ("check seed=0,1", "argument 'seed=0,1' has several values: add -m"),
        ("show -m seed=0", "--multirun is not for gapless recipe: it takes KEY=VALUE and --config-dir DIR"),
        ("factors --cfg job", "--cfg is not for gapless recipe"),
        ("factors recipe=dice camra", "word 'camra' is in no factor's name; did you mean 'camera'?"),
        ("diff", "diff must be given a recipe: gapless recipe diff dice, gapless recipe diff dice cards"),
        ("diff dice cards dice", "diff must be given at most two recipes, got dice, cards, dice"),
        ("diff dice crads", "recipe 'crads' is unknown; did you mean 'cards'?"),
        ("diff recipe=dice camera.tlit_deg=0", "key 'camera.tlit_deg' is unknown; did you mean"),
        ("check camera.tilt_deg=100", "camera.tilt_deg must be in [0, 85] deg, got 100"),
        ("check surface.image_folder=nowhere", "surface.image_folder must be a folder, got 'nowhere'"),
        ("check --config-dir nowhere", "--config-dir must be a folder, got 'nowhere', which is not there"),
    ],
)  # fmt: skip
def test_bad_input_is_one_sentence(refused, arguments, sentence):
    assert refused(arguments).startswith(sentence)


def test_nothing_is_written(said, here):
    for arguments in ("show recipe=dice", "factors", "check recipe=cards", "diff dice cards"):
        said(arguments)
    assert tree(here) == {}


# show


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"objects.card.count": ["choice", [1, 2], [3, 1]], "camera.direction": [1, 2, 3], "seed": 7},
        {"camera.K": [500, 500, 320, 240], "sensor.iso": ["log_uniform", 100, 6400]},
        {"lighting.lights.lamp.direction": ["choice", [[1, 2, 3], [0.1, 0.7, 0.7]]]},
        {"camera.rig": {"yes": {}}, "objects.card.scale": 1},
        RELATED,
    ],
    ids=str,
)  # fmt: skip
def test_what_is_shown_is_read_as_the_same_recipe(values):
    from renderer.inspect.recipes import recipe_yaml

    recipe = cards_recipe(**values)
    assert parse_recipe(yaml.safe_load(recipe_yaml(recipe))) == recipe


def test_show_prints_the_composed_recipe(said):
    shown = said("show recipe=dice frames=3 objects.die.count=[integer,2,5]")
    assert parse_recipe(yaml.safe_load(shown)) == dice_recipe(
        frames=3, **{"objects.die.count": ["integer", 2, 5]}
    )


def test_what_is_shown_can_be_saved_as_a_recipe_of_ones_own(said, here):
    folder = here / "mine" / "recipe"
    folder.mkdir(parents=True)
    (folder / "few.yaml").write_text(said("show recipe=dice objects.die.count=3 name=few"))
    again = said("show --config-dir mine recipe=few")
    assert yaml.safe_load(again) == yaml.safe_load((folder / "few.yaml").read_text())


def test_every_key_of_the_recipe_is_shown_with_its_range_unit_and_help(said):
    lines = said("show recipe=dice").splitlines()
    (tilt,) = [line for line in lines if line.startswith("  tilt_deg:")]
    assert re.fullmatch(r"  tilt_deg: \[uniform, 0, 35\] +# \[0, 85\] deg; angle from straight down", tilt)
    commented = [line for line in lines if not line.endswith(":") and not line.startswith("#")]
    bare = ["  casters: {}", "  rig: {}", "conditions: {}", "correlations: {}", "constraints: {}"]
    assert [line for line in commented if "  # " not in line] == bare


def test_comments_stand_in_one_column_where_the_values_leave_room(said):
    lines = [line for line in said("show recipe=dice").splitlines() if line.startswith("  ")]
    columns = [line.index("  # ") for line in lines if "  # " in line]
    assert columns.count(min(columns)) > 0.7 * len(columns)


# factors


def rows_of(text: str) -> dict[str, str]:
    return {line.split()[0]: line for line in text.splitlines()[1:]}


@pytest.mark.parametrize("name", ["dice", "cards"])
def test_every_factor_has_a_row_in_full(said, name):
    rows = rows_of(said(f"factors recipe={name}"))
    factors = {factor.name: factor for factor in iter_factors(recipe_of(name))}
    assert set(factors) <= set(rows)
    assert {rows[key].split()[1] for key in set(rows) - set(factors)} == {"off"}
    for key, factor in factors.items():
        assert rows[key].endswith(f"  {factor.spec.help}")
        assert f"  {factor.spec.level.value}" in rows[key]
    assert any(factor.spec.level is Level.SHOT for factor in factors.values())


@pytest.mark.parametrize(
    ("overrides", "name", "columns"),
    [
        ("", "camera.tilt_deg", "varies [uniform, 0, 35] deg [0, 85] view"),
        ("camera.tilt_deg=3", "camera.tilt_deg", "fixed 3 deg [0, 85] view"),
        ("", "camera.f_stop", "off null [0.5, 128] view"),
        ("", "camera.focus_fraction", "off 1.0 [0.01, 100] view"),
        ("camera.f_stop=2.8", "camera.focus_fraction", "fixed 1.0 [0.01, 100] view"),
        ("", "objects.die.face", "varies [choice, [1, 2, 3, 4, 5, 6]] [1, 6] scene, each die"),
        ("", "objects.die.count", "varies [integer, 1, 25] [0, 200] scene number"),
        ("objects.die.count=0", "objects.die.face", "off [choice, [1, 2, 3, 4, 5, 6]]"),
        ("camera.direction=[0,0,1]", "camera.direction", "fixed [0.0, 0.0, 1.0] view"),
        ("camera.direction=[0,0,1]", "camera.tilt_deg", "off [uniform, 0, 35] deg"),
        ("surface.tray.presence=false", "surface.tray.wall_height_m", "off [uniform, 0.015, 0.05] m"),
        ("camera.distortion.model=fisheye", "camera.distortion.k4", "fixed 0.0 [-10, 10] view"),
        ("camera.distortion.model=fisheye", "camera.distortion.p1", "off 0.0 [-1, 1] view"),
        ("sensor.mosaic=rggb", "sensor.demosaic", "fixed malvar bilinear, malvar shot"),
    ],
)
def test_a_row_says_what_is_drawn_from_what_and_how_often(said, overrides, name, columns):
    row = " ".join(rows_of(said(f"factors recipe=dice {overrides}"))[name].split())
    assert row.startswith(f"{name} {columns}")


def test_words_choose_the_factors_whose_names_contain_one(said):
    rows = rows_of(said("factors recipe=dice camera.t color_2"))
    assert {"camera.tilt_deg", "objects.die.color_2", "surface.appearance.color_2"} <= set(rows)
    assert all("camera.t" in name or "color_2" in name for name in rows)


# check


def test_check_counts_what_is_drawn_and_passes(said):
    text = said("check recipe=cards frames=10 views=2 shots=2")
    assert text.startswith("cards: can be rendered\n")
    assert "10 frames of 3 scenes" in text.replace("frames      10 of", "10 frames of")
    assert "categories  nine, ten, jack, queen, king, ace" in text
    assert "next: " in text.splitlines()[-1]


@pytest.mark.parametrize(
    ("overrides", "warning"),
    [
        ("sensor.demosaic=bilinear", "sensor.demosaic is set, but never drawn: sensor.mosaic is off"),
        ("camera.distance_m=1", "camera.field_width_m is set, but never drawn: camera.distance_m takes its"),
        ("camera.tilt_deg=[uniform,3,3]", "camera.tilt_deg never varies: [uniform, 3, 3] has one value only"),
        ("objects.die.face=[choice,{1:0,2:3}]", "objects.die.face never varies: [choice, {1: 0, 2: 3}] has"),
        ("objects=clutter", "nothing is labelled"),
        (
            "lighting.environment.strength=0 lighting.lights.lamp.count=0",
            "there is no light: lighting.environment.strength and all counts of lights are 0",
        ),
        (
            "lighting.sky.dust=3",
            "lighting.sky.dust is set, but never drawn: lighting.environment.kind is never sky",
        ),
    ],
)
def test_check_warns_of_what_is_seldom_meant(said, overrides, warning):
    text = said(f"check recipe=dice {overrides}")
    assert f"worth a look: {warning}" in text
    assert "1 warning;" in text


@pytest.mark.parametrize("name", ["dice", "cards"])
def test_our_own_recipes_have_nothing_worth_a_look(said, name):
    assert "worth a look" not in said(f"check recipe={name}")


RELATED_LINES = (
    "conditions.bright.factor=lighting.environment.strength conditions.bright.draw=1.5 "
    'conditions.bright.when="layout.half_width_m<0.1" correlations.far.factors.camera.tilt_deg=0.8 '
    'correlations.far.factors.camera.roll_deg=0.5 constraints.level="camera.roll_deg>0"'
)


def test_check_says_how_often_conditions_and_constraints_hold(said):
    lines = said(f"check recipe=dice {RELATED_LINES}").splitlines()
    held = {}
    for line in lines:
        match = re.search(r"(condition|constraint) +(\w+): .*held (\d+) of (\d+) times", line)
        if match:
            held[match[2]] = int(match[3]) / int(match[4])
    assert held == {"bright": pytest.approx(1 / 3, abs=0.25), "level": pytest.approx(1 / 2, abs=0.3)}
    assert any("far: camera.roll_deg 0.5, camera.tilt_deg 0.8" in line for line in lines)


def test_a_factor_with_a_condition_varies_and_names_it(said):
    fixed = "lighting.environment.strength=1"
    row = rows_of(said(f"factors recipe=dice {RELATED_LINES} {fixed} strength"))[
        "lighting.environment.strength"
    ]
    assert " ".join(row.split()).startswith(
        "lighting.environment.strength varies 1 or conditions.bright [0, 1000] scene"
    )


def test_relations_differ_as_a_whole(said):
    parts = parts_of(said(f"diff recipe=dice {RELATED_LINES}"))
    assert set(parts) == {"only right"}
    assert "constraints.level: camera.roll_deg > 0" in parts["only right"]


# diff


def parts_of(text: str) -> dict[str, list[str]]:
    parts: dict[str, list[str]] = {}
    for block in text.strip().split("\n\n")[1:-1]:
        title, *lines = block.splitlines()
        parts[title] = [line.strip() for line in lines]
    return parts


def test_a_recipe_differs_from_itself_in_nothing(said):
    assert said("diff dice dice").endswith("\n0 changed, 0 only left, 0 only right\n")


def test_overrides_are_what_differs_with_and_without_them(said):
    text = said("diff recipe=dice camera.tilt_deg=0 camera.f_stop=2.8 objects.die.roughness=[uniform,0,1]")
    assert parts_of(text) == {
        "changed": [
            "objects.die.roughness: [uniform, 0.03, 0.5] -> [uniform, 0, 1]",
            "camera.tilt_deg: [uniform, 0, 35] -> 0",
            "camera.f_stop: null -> 2.8",
        ]
    }


def test_an_equal_distribution_written_otherwise_is_no_difference(said):
    assert "0 changed" in said("diff recipe=dice objects.die.face=[choice,{1:1,2:1,3:1,4:1,5:1,6:1}]")
    assert "0 changed" in said("diff recipe=dice surface.appearance.metallic=0")


def test_the_order_of_options_is_a_difference(said):
    assert "1 changed" in said("diff recipe=dice objects.die.pip_style=[choice,{printed:1,drilled:2}]")


def test_two_recipes_differ_in_keys_and_in_objects(said):
    parts = parts_of(said("diff dice cards"))
    assert "camera.tilt_deg: [uniform, 0, 35] -> [truncated_normal, 15, 20, 0, 55]" in parts["changed"]
    assert "objects.die.count: [integer, 1, 25]" in parts["only left"]
    assert "objects.card.count: [integer, 1, 8]" in parts["only right"]
    assert all(line.startswith("objects.") for line in parts["only left"] + parts["only right"])


def test_a_recipe_is_compared_with_the_one_that_it_begins_with(said, here):
    write_own_recipe(here)
    text = said("diff --config-dir mine own")
    assert text.startswith("left:  recipe=dice\nright: recipe=own\n")
    assert parts_of(text) == {
        "changed": [
            "name: dice -> own",
            "out: outputs/dice -> outputs/own",
            "layout.half_width_m: [uniform, 0.06, 0.18] -> 0.125",
        ]
    }


def test_a_recipe_without_a_parent_is_compared_with_the_defaults_of_its_objects(said):
    text = said("diff dice")
    assert text == said("diff recipe=dice")
    assert text.startswith("left:  the defaults of the schema\nright: recipe=dice\n")
    changed = parts_of(text)
    assert set(changed) == {"changed"}
    assert "objects.die.roughness: [uniform, 0.02, 0.5] -> [uniform, 0.03, 0.5]" in changed["changed"]
    assert not any(line.startswith("objects.die.edge_m") for line in changed["changed"])
