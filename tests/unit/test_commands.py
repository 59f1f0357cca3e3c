"""The commands, up to the door of Blender: a refusal is one sentence, exit status 2 and no trace."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import yaml
from unit.command_line import OWN_RECIPE, commit_frames, write_own_recipe
from unit.frames import SMALL, tree
from unit.recipes import dice_recipe

from renderer import __version__
from renderer.catalog.library import open_library
from renderer.commands import main, preview, render
from renderer.commands.main import COMMANDS, run
from renderer.errors import InfrastructureError
from renderer.randomize.scenes import sample_scene
from renderer.recipe.identity import recipe_identity
from renderer.recipe.validation import parse_recipe

SMALL_KEYS = [f"{key}={value}" for key, value in SMALL.items()]


@pytest.fixture(autouse=True)
def _no_blender(monkeypatch):
    """Whoever imports Blender in here fails."""
    for name in ("bpy", "blenderproc"):
        monkeypatch.setitem(sys.modules, name, None)


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch) -> Path:
    """The working directory: new and empty."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def refused(here, capsys):
    """Run a command line that must be refused; returns what it says."""

    def run_refused(*arguments: str) -> str:
        before = tree(here)
        assert run(arguments) == 2
        captured = capsys.readouterr()
        assert captured.out == ""
        (line,) = captured.err.splitlines()
        assert line.startswith("gapless: ")
        assert tree(here) == before
        return line

    return run_refused


@pytest.fixture
def own_recipes(here) -> Path:
    """A folder with a recipe of the user's."""
    return write_own_recipe(here)


@pytest.mark.parametrize(
    ("arguments", "mentioned"),
    [
        ("rendr", "command 'rendr' is unknown; did you mean 'render'?"),
        ("--recipe", "command '--recipe' is unknown"),
        ("render recipe=dcie", "recipe 'dcie' is unknown; did you mean 'dice'?"),
        ("preview recipe=crads", "recipe 'crads' is unknown; did you mean 'cards'?"),
        ("render camera=overhed", "camera 'overhed' is unknown; did you mean 'overhead'?"),
        ("render recipe=3", "recipe '3' is unknown; did you mean"),
        ("render camera.tlit_deg=3", "key 'camera.tlit_deg' is unknown; did you mean 'camera.tilt_deg'?"),
        ("preview sede=3", "key 'sede' is unknown; did you mean 'seed'?"),
        ("render objects.die.pips=3", "did you mean 'objects.die.pip_style'?"),
        ("render recipe=cards objects.card.cuont=3", "did you mean 'objects.card.count'?"),
        ("render +objects.die.cuont=3", "did you mean 'objects.die.count'?"),
        ("render frames=-1", "frames must be in [1, 1e+09], got -1"),
        ("render frames=many", "frames must be a whole number, got 'many'"),
        ("render engine.device=tpu", "engine.device 'tpu' is unknown"),
        ("render camera.tilt_deg=[uniform,30,10]", "camera.tilt_deg: low must not exceed high, got 30 > 10"),
        ("render camera.tilt_deg=[uniform,0,100]", "camera.tilt_deg must be in [0, 85] deg, got [0, 100]"),
        ("render camera.tilt_deg=???", "tilt_deg"),
        ("render name=${nmae}", "'nmae' not found"),
        ("render objects.die=3", "objects.die must be a group of keys, got 3"),
        ("render surface.image_folder=nowhere", "surface.image_folder must be a folder, got 'nowhere'"),
        ("preview lighting.environment.folder=nowhere", "lighting.environment.folder must be a folder"),
        ("render dice", "argument 'dice' must be KEY=VALUE"),
        ("render =3", "argument '=3' must be KEY=VALUE"),
        ("render frames=8=[,", "argument 'frames=8=[,' must be KEY=VALUE"),
        ("render objects.die.color=#aa2010", "argument 'objects.die.color=#aa2010' must be KEY=VALUE"),
        ("render seed=0,1", "argument 'seed=0,1' has several values: add -m"),
        ("render camera.tilt_deg=range(0,30)", "add -m"),
        ("render --config-dir nowhere", "--config-dir must be a folder, got 'nowhere'"),
        ("render --frames 8", "unrecognized arguments: --frames; keys are written KEY=VALUE"),
        ("render --cfg", "argument --cfg/-c: expected one argument"),
        ("render --config-name other", "--config-name is not for gapless"),
        ("render -m --cfg job seed=0,1", "--cfg and --multirun exclude each other"),
        ("render out=" + "x" * 300, "File name too long"),
        ("render recipe=dice -m seed=0,-1 dry_run=true", "seed must be"),
        ("render -m recipe=dice,dcie dry_run=true", "recipe 'dcie' is unknown"),
    ],
    ids=lambda text: text.split(";")[0][:60],
)  # fmt: skip
def test_bad_input_is_one_sentence_and_leaves_nothing_behind(refused, arguments, mentioned):
    assert mentioned in refused(*arguments.split())


@pytest.mark.parametrize(
    ("command", "out"), [("render", "file"), ("render", "file/deep/below"), ("preview", "file/below")]
)
def test_out_at_or_below_a_file_is_refused(here, refused, command, out):
    (here / "file").write_text("mine")
    assert f"out '{out}' cannot be written" in refused(command, "recipe=dice", f"out={out}")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
@pytest.mark.parametrize("command", ["render", "preview"])
def test_out_in_a_read_only_folder_is_refused(here, refused, command):
    (here / "locked").mkdir(mode=0o555)
    assert "permission denied" in refused(command, "recipe=dice", "out=locked/data")


def test_out_with_another_dataset_is_refused_by_the_name_of_what_differs(here, refused):
    commit_frames(here / "data", 0)
    said = refused("render", "recipe=dice", "out=data", "seed=1", *SMALL_KEYS)
    assert "out 'data' holds another dataset: recipe seed is 0 there and 1 here" in said


def test_out_with_other_files_is_refused(here, refused):
    (here / "data").mkdir()
    (here / "data" / "notes.txt").write_text("mine")
    assert "'data' holds other files; choose another out" in refused("render", "recipe=dice", "out=data")


def test_folder_without_images_is_refused(here, refused):
    (here / "textures").mkdir()
    (here / "textures" / "readme.txt").write_text("")
    assert "must hold .bmp," in refused("render", "surface.image_folder=textures")


def test_broken_image_in_a_folder_is_refused_by_its_name(here, refused):
    (here / "textures").mkdir()
    (here / "textures" / "wood.png").write_bytes(b"no image")
    assert "wood.png is no readable image" in refused("render", "surface.image_folder=textures")


def test_device_that_is_not_there_is_refused(refused, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert "labels.device=cuda is not there; torch found:" in refused("render", "labels.device=cuda")


def test_own_recipe_is_among_those_that_are_suggested(own_recipes, refused):
    said = refused("render", "--config-dir", str(own_recipes), "recipe=onw")
    assert "did you mean 'own'? (known: own," in said


def test_unknown_key_of_an_own_recipe_is_compared_with_its_keys(own_recipes, refused):
    (own_recipes / "recipe" / "other.yaml").write_text(OWN_RECIPE.replace("- dice", "- cards"))
    said = refused("render", "--config-dir", str(own_recipes), "recipe=other", "objects.card.ranks=[ace]")
    assert "did you mean 'objects.card.rank'?" in said


def test_own_recipe_with_an_unknown_key_is_refused(own_recipes, refused):
    (own_recipes / "recipe" / "own.yaml").write_text(OWN_RECIPE.replace("half_width_m", "half_widht_m"))
    said = refused("render", "--config-dir", str(own_recipes), "recipe=own")
    assert "key 'layout.half_widht_m' is unknown; did you mean 'layout.half_width_m'?" in said


def test_one_bad_job_of_a_sweep_stops_all_before_any_starts(here, refused):
    (here / "out").write_text("in the way")
    refused("render", "-m", "seed=0,1", "dry_run=true", "frames=1", "out=free,out")


# what is shown


@pytest.mark.parametrize("arguments", [[], ["--help"], ["-h"], ["help"]], ids=str)
def test_help_lists_every_command(capsys, arguments):
    assert run(arguments) == 0
    shown = capsys.readouterr().out
    assert all(f"  {name} " in shown for name in COMMANDS)


@pytest.mark.parametrize("flag", ["-h", "--help"])
@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_a_command_has_examples_that_name_it(here, capsys, command, flag):
    assert run([command, "recipe=dcie", flag]) == 0
    usage, _, examples = capsys.readouterr().out.partition("examples:")
    assert usage.startswith(f"usage: gapless {command}")
    assert examples.count(f"gapless {command} ") >= 2
    assert tree(here) == {}


def test_version_is_that_of_the_package(capsys):
    assert run(["--version"]) == 0
    assert capsys.readouterr().out == f"gapless {__version__}\n"


def test_composed_recipe_is_shown_as_yaml_and_nothing_is_written(here, capsys):
    assert (
        run(["render", "recipe=dice", "frames=3", "objects.die.count=[integer, 2, 5]", "--cfg", "job"]) == 0
    )
    shown = yaml.safe_load(capsys.readouterr().out)
    assert shown["objects"]["die"]["count"] == ["integer", 2, 5]
    expected = dice_recipe(frames=3, **{"objects.die.count": ["integer", 2, 5]})
    assert recipe_identity(parse_recipe(shown)) == recipe_identity(expected)
    assert tree(here) == {}


# dry runs


@pytest.mark.parametrize("size", [(640, 480), (480, 640), (1920, 1080), (5000, 40)])
def test_preview_has_few_samples_and_small_images_of_the_same_shape(size):
    recipe = dice_recipe(**{"camera.width_px": size[0], "camera.height_px": size[1], "engine.samples": 64})
    quick = preview.quick(recipe)
    width_px, height_px = quick.camera.width_px, quick.camera.height_px
    assert max(width_px, height_px) == preview.LONGEST_SIDE_PX
    assert min(width_px, height_px) >= 16
    assert quick.engine.samples == preview.MOST_SAMPLES
    if min(size) > 100:
        assert width_px / height_px == pytest.approx(size[0] / size[1], rel=0.01)


def test_preview_leaves_small_and_quick_recipes_alone():
    recipe = dice_recipe(**SMALL, **{"engine.samples": 1})
    assert preview.quick(recipe) == recipe


def test_preview_shows_the_scenes_of_the_dataset():
    recipe = dice_recipe()
    library = open_library(recipe)
    shown, rendered = (sample_scene(r, library, 2) for r in (preview.quick(recipe), recipe))
    assert (shown.objects, shown.lights, shown.draws) == (rendered.objects, rendered.lights, rendered.draws)
    for small, large in zip(shown.views, rendered.views, strict=True):
        assert small.camera.pose == large.camera.pose
        assert small.draws == large.draws


# surroundings


@pytest.mark.parametrize("full_error", [None, "0"])
@pytest.mark.parametrize("arguments", ["recipe=dice", "frames=-1"])
def test_arguments_and_environment_of_the_process_are_as_before(monkeypatch, arguments, full_error):
    monkeypatch.setattr(render, "_work", lambda job: 0)
    monkeypatch.setattr(sys, "argv", ["pytest", "of", "mine"])
    monkeypatch.delenv("HYDRA_FULL_ERROR", raising=False)
    if full_error is not None:
        monkeypatch.setenv("HYDRA_FULL_ERROR", full_error)
    before = dict(os.environ)
    run(["render", arguments])
    assert sys.argv == ["pytest", "of", "mine"]
    assert dict(os.environ) == before


def test_interrupt_is_one_line_and_its_own_exit_status(monkeypatch, capsys):
    def work(job):
        raise KeyboardInterrupt

    monkeypatch.setattr(render, "_work", work)
    assert run(["render", "recipe=dice"]) == 130
    assert capsys.readouterr().err == "gapless: interrupted; run the same command again to go on\n"


def test_failure_of_the_machine_is_one_line_and_its_own_exit_status(monkeypatch, capsys):
    def check(job):
        raise InfrastructureError("Blender crashed; run again")

    monkeypatch.setattr(render, "_check", check)
    assert run(["render", "recipe=dice"]) == 1
    assert capsys.readouterr().err == "gapless: Blender crashed; run again\n"


def test_main_exits_with_the_status(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["gapless", "rendr"])
    with pytest.raises(SystemExit) as caught:
        main.main()
    assert caught.value.code == 2


def test_a_reader_that_has_had_enough_ends_a_command_in_silence():
    command = [sys.executable, "-c", "from renderer.commands.main import main; main()", "recipe", "diff"]
    process = subprocess.Popen([*command, "dice", "cards"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdout.close()
    said = process.stderr.read()
    process.stderr.close()
    assert (process.wait(), said) == (141, b"")
