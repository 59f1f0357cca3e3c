"""Rendering on Ray: real nodes and real workers, killed and hung in mid-run."""

import os
import signal
import sys
import time
from pathlib import Path

import psutil
import pytest
import ray
from e2e.conftest import SMALL as SMALL_IMAGES
from e2e.conftest import gapless
from unit.frames import SMALL
from unit.recipes import dice_recipe
from unit.scripts import load_script

from renderer.catalog.library import open_library
from renderer.dataset.identity import dataset_identity
from renderer.dataset.store import open_store
from renderer.errors import InfrastructureError, StoreError
from renderer.execution.ray_crew import RayCrew, ray_crew
from renderer.execution.ray_renderer import Renderer
from renderer.execution.work import Job, Outcome, Report


class Obedient(Renderer):
    """Does what the number of the frame says, and never starts Blender."""

    def render(self, frames):
        match frames[0]:
            case 1:
                os.kill(os.getpid(), signal.SIGKILL)
            case 2:
                time.sleep(1000)
            case 3:
                raise StoreError("the disk is full")
            case 4:
                raise InfrastructureError("Blender gave no result")
            case 5:
                raise ValueError("a bug")
        return Report(done=[], resident_bytes=os.getpid())


def job_in(folder: Path, **values: object) -> Job:
    recipe = dice_recipe(**{"execution.engine": "ray", **SMALL, **values})
    library = open_library(recipe)
    return Job(
        recipe=recipe, library=library, store=open_store(str(folder), dataset_identity(recipe, library))
    )


@pytest.fixture(scope="module")
def crew(tmp_path_factory):
    """Two workers that start no Blender, on a Ray of their own."""
    out = tmp_path_factory.mktemp("ray") / "out"
    limits = {"time_limit_s": 5.0, "start_limit_s": 5.0, "recycle_frames": 3, "workers": 2, "threads": 1}
    ray.cloudpickle.register_pickle_by_value(sys.modules[__name__])
    with ray_crew(job_in(out, **{f"execution.{key}": value for key, value in limits.items()})) as made:
        made.renderer = Obedient
        yield made
    assert not out.exists()
    assert not ray.is_initialized()


def outcome_of(crew: RayCrew, *frames: int) -> Outcome:
    crew.start(frames)
    while True:
        for outcome in crew.wait(0.5):
            assert list(outcome.frames) == list(frames)
            return outcome


def test_a_worker_stays_from_unit_to_unit_until_it_is_recycled(crew):
    processes = [outcome_of(crew, 10).report.resident_bytes for _ in range(4)]
    assert processes[0] == processes[1] == processes[2] != processes[3]


def test_a_killed_worker_is_a_failure_in_words_and_another_takes_its_place(crew):
    assert outcome_of(crew, 1).failure == "the worker crashed or was killed"
    assert outcome_of(crew, 10).report is not None


def test_a_worker_that_hangs_is_killed(crew):
    assert "took longer than" in outcome_of(crew, 2).failure
    named = [p for p in psutil.Process().children(recursive=True) if "Obedient.render" in p.name()]
    _, alive = psutil.wait_procs(named, timeout=60)
    assert alive == []


def test_an_error_of_the_input_comes_as_it_is(crew):
    error = outcome_of(crew, 3).error
    assert isinstance(error, StoreError)
    assert str(error) == "the disk is full"


def test_failures_of_blender_and_bugs_are_told(crew):
    assert outcome_of(crew, 4).failure == "Blender gave no result"
    assert outcome_of(crew, 5).failure == "of ValueError: a bug"


def test_a_worker_that_cannot_see_the_folder_says_so(crew):
    crew.close()
    crew.marker.rename(crew.marker.with_name("away"))
    try:
        error = outcome_of(crew, 10).error
    finally:
        crew.marker.with_name("away").rename(crew.marker)
    assert "cannot see out" in str(error)
    assert "that all nodes share" in str(error)


def test_a_cluster_that_is_not_there_is_told_in_one_sentence(tmp_path):
    out = tmp_path / "out"
    address = ("execution=ray", "execution.ray.address=127.0.0.1:1")
    done = gapless("render", *SMALL_IMAGES, "recipe=dice", "frames=1", f"out={out}", *address)
    assert done.returncode == 1
    (line,) = done.stderr.strip().splitlines()
    assert line.startswith("gapless: the Ray cluster at '127.0.0.1:1' cannot be reached")
    assert {path.name for path in out.glob("*")} <= {"run.json"}


def test_a_run_survives_the_loss_of_a_node_and_its_bytes_are_those_of_an_unbroken_one(tmp_path):
    load_script("small_runs")  # where the other script looks for it
    trial = load_script("try_ray").try_ray(tmp_path, frames=6)
    assert trial.status == 0, trial.said
    assert trial.before < 6
    assert trial.different == []
    assert trial.files > 12
