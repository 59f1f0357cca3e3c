"""Whole runs of the commands without Blender: dry runs, sweeps, and what follows from the records."""

import json
import os
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import cv2
import hydra
import numpy as np
import pytest
import yaml
from unit.command_line import commit_frames, dice_identity, dry_run, write_own_recipe
from unit.frames import SMALL, finished_frame, tree
from unit.recipes import dice_recipe

from renderer.catalog.library import open_library
from renderer.commands import preview, render
from renderer.commands.main import run
from renderer.dataset.store import open_store
from renderer.errors import StoreError
from renderer.randomize.scenes import sample_scene
from renderer.recipe.identity import recipe_identity
from renderer.recipe.validation import parse_recipe
from renderer.scene import scene_from_json
from renderer.settle import settle

DRY_FILES = ("estimate.json", "factors.html", "factors.json", "scenes.jsonl")
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
def own_recipes(here) -> Path:
    """A folder with a recipe of the user's."""
    return write_own_recipe(here)


@pytest.fixture(scope="module")
def dry(tmp_path_factory) -> Path:
    """What a dry run of 5 frames left: of the two views of scenes 1 and 2, and the first of scene 3."""
    out = tmp_path_factory.mktemp("dry") / "x"
    dry_run("frames=5", "first_frame=2", "views=2", f"out={out}")
    return out / "dry_run"


def test_dry_run_writes_its_files_and_nothing_else(dry):
    assert sorted(tree(dry.parents[1])) == ["x", "x/dry_run", *(f"x/dry_run/{name}" for name in DRY_FILES)]


def test_dry_run_writes_each_scene_that_would_be_rendered_once(dry):
    recipe = dice_recipe(**{"objects.die.count": 2, "views": 2})
    library = open_library(recipe)
    assert [scene_from_json(line) for line in (dry / "scenes.jsonl").read_text().splitlines()] == [
        settle(sample_scene(recipe, library, index), library) for index in (1, 2, 3)
    ]


def test_dry_run_describes_every_factor(dry):
    factors = json.loads((dry / "factors.json").read_bytes())
    assert factors["camera.tilt_deg"]["draws"] == 5
    assert {"lowest", "mean", "highest"} <= set(factors["camera.tilt_deg"])
    assert set(factors["objects.die.count"]["values"]) == {"2"}
    assert factors["objects.die.color.0"]["draws"] == factors["objects.die.face"]["draws"]


def test_dry_run_is_the_same_again_and_asks_for_no_device(dry, here, capsys):
    dry_run("frames=5", "first_frame=2", "views=2", "out=x", "engine.device=gpu", "labels.device=cuda")
    assert [path.name for path in here.iterdir()] == ["x"]
    assert tree(here / "x" / "dry_run") == tree(dry)
    said = capsys.readouterr().out
    assert "5 frames sampled" in said
    assert "time     about " in said
    assert "next: " in said


def test_dry_run_may_be_repeated_with_another_recipe_and_followed_by_the_real_run(dry, here):
    shutil.copytree(dry.parent, here / "x")
    dry_run("seed=1", "out=x")
    commit_frames(here / "x", 0)  # raises if the folder were taken
    assert open_store("x", dice_identity()).has(0)


def test_recipe_of_the_user_is_composed_from_its_folder(here, own_recipes):
    dry_run("--config-dir", own_recipes.name, "recipe=own")
    factors = json.loads((here / "outputs/own/dry_run/factors.json").read_bytes())
    assert factors["layout.half_width_m"]["lowest"] == 0.125


# sweeps


def test_sweep_gives_each_job_its_sub_folder_and_leaves_no_file_of_hydras(here):
    dry_run("-m", "seed=0,1", "out=sweep")
    names = [f"dry_run=True,frames=1,objects.die.count=2,recipe=dice,seed={seed}" for seed in (0, 1)]
    files = sorted(path for path, content in tree(here).items() if content is not None)
    assert files == [f"sweep/{name}/dry_run/{file}" for name in names for file in DRY_FILES]
    dry_run("seed=1", "out=alone")
    first, second = (tree(here / "sweep" / name) for name in names)
    assert first != second == tree(here / "alone")


@dataclass(frozen=True, slots=True, kw_only=True)
class Swept:
    """What happened in a sweep: its exit status, what it said, where each job was checked and worked."""

    status: int
    said: str
    checked: list[tuple[str, int]]  # where, and how many jobs had worked by then
    worked: list[str]


@pytest.fixture
def swept(monkeypatch, capsys) -> Swept:
    """A sweep over two colours in which the first job fails."""
    checked, worked = [], []

    def work(job):
        worked.append(job.settings.out)
        if len(worked) == 1:
            raise StoreError("the disk is full")
        return 0

    monkeypatch.setattr(render, "_check", lambda job: checked.append((job.settings.out, len(worked))))
    monkeypatch.setattr(render, "_work", work)
    colors = 'objects.die.color="#aa2010","#ffffff"'
    status = run(["render", colors, "-m", "camera.tilt_deg=[uniform,0,35]", "+objects.second.source=die"])
    return Swept(status=status, said=capsys.readouterr().err, checked=checked, worked=worked)


def test_jobs_are_checked_before_the_first_works_in_the_folders_in_which_they_work_and_fail_alone(swept):
    assert len(set(swept.worked)) == 2
    assert swept.checked == [(out, 0) for out in swept.worked]
    assert (swept.status, swept.said) == (2, "gapless: the disk is full\n")


# a dataset whose frames are all there needs no Blender


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> Path:
    """The folder of a dataset of 2 frames after the last of them was rendered."""
    out = tmp_path_factory.mktemp("finished")
    commit_frames(out, 0, 1)
    elsewhere = ["execution.workers=2", "engine.device=cpu", "labels.device=cpu"]
    assert run(["render", "recipe=dice", "frames=2", f"out={out}", *elsewhere, *SMALL_KEYS]) == 0
    return out


def test_finished_dataset_has_all_that_follows_from_its_records(finished):
    names = {path for path, content in tree(finished).items() if content is not None}
    assert names == {
        "annotations.json", "dataset.json", "draws.jsonl", "manifest.json", "preview.png", "recipe.yaml",
        "README.md", "run.json",
        "frames/000000.json", "frames/000001.json", "images/000000.png", "images/000001.png",
    }  # fmt: skip
    sheet = cv2.imread(str(finished / "preview.png"))
    assert sheet is not None
    assert np.ptp(sheet) > 100


def test_draws_of_every_frame_are_listed(finished):
    draws = [json.loads(line) for line in (finished / "draws.jsonl").read_text().splitlines()]
    assert [(line["frame"], line["draws"]) for line in draws] == [
        (frame, finished_frame(dice_recipe(**SMALL), frame).record["draws"]) for frame in (0, 1)
    ]


def test_running_again_changes_no_byte_there_and_writes_nothing_here(finished, here, capsys):
    before = tree(finished)
    before.pop("run.json")
    assert run(["render", "recipe=dice", "frames=2", f"out={finished}", *SMALL_KEYS]) == 0
    after = tree(finished)
    assert json.loads(after.pop("run.json"))["frames"] == {
        "wanted": 2, "there": 2, "rendered": 0, "rejected": 0, "lost": 0
    }  # fmt: skip
    assert after == before
    assert tree(here) == {}
    said = capsys.readouterr().out
    assert "2 of 2 frames are there already" in said
    assert "next: " in said


def test_recipe_that_was_written_describes_the_same_dataset(finished):
    written = yaml.safe_load((finished / "recipe.yaml").read_text())
    assert recipe_identity(parse_recipe(written)) == recipe_identity(dice_recipe(**SMALL))


def test_recipe_that_was_written_says_nothing_of_where_and_by_whom(finished):
    written = yaml.safe_load((finished / "recipe.yaml").read_text())
    assert not {"out", "execution", "dry_run"} & set(written)
    assert "device" not in written["engine"]
    assert "device" not in written["labels"]


def test_dataset_with_rejected_frames_only_is_finished_without_a_sheet(here, capsys):
    store = open_store("data", dice_identity())
    rejected = {"frame": 0, "status": "rejected", "check": "light", "reason": "no light", "draws": {}}
    store.commit(rejected, None)
    assert run(["render", "recipe=dice", "frames=1", "out=data", *SMALL_KEYS]) == 0
    assert "0 frames in data, 0 rendered now, 1 rejected" in capsys.readouterr().out
    assert not (here / "data/preview.png").exists()


# the preview's recipe


def test_installed_command_works_from_any_directory_and_loads_no_blender(here):
    script = Path(sys.executable).with_name("gapless")
    code = (
        "import runpy, sys\n"
        "try:\n    runpy.run_path(sys.argv[0], run_name='__main__')\n"
        "except SystemExit as stop:\n"
        "    loaded = {'bpy', 'blenderproc'} & set(sys.modules)\n"
        "    sys.exit(stop.code or sorted(loaded) or 0)\n"
    )
    arguments = ["render", "recipe=cards", "frames=1", "dry_run=true", "out=x"]
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    program = f"import sys; sys.argv = {[str(script), *arguments]!r}\n{code}"
    result = subprocess.run(
        [sys.executable, "-P", "-c", program],
        cwd=here,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith("cards: 1 frames sampled")
    assert sorted(tree(here)) == ["x", "x/dry_run", *(f"x/dry_run/{name}" for name in DRY_FILES)]


@pytest.mark.parametrize("command", [render, preview], ids=lambda module: module.__name__)
def test_examples_of_the_help_are_accepted(here, monkeypatch, command):
    monkeypatch.setattr(hydra, "main", lambda **_: lambda task: lambda: None)  # all checks, no work
    monkeypatch.setattr("renderer.commands.compose.run_sweep", lambda sweep, task: [])
    examples = command.HELP.partition("examples:")[2].strip().splitlines()
    for example in examples:
        program, *arguments = shlex.split(example)
        assert (program, run(arguments)) == ("gapless", 0)
    assert tree(here) == {}
