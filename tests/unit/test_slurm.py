"""Job arrays: what is submitted, what is told of it, and that no frame is lost by a task that ends early."""

import signal
from itertools import chain
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.arrays import HOLD, Processes, Scripted, task_process
from unit.frames import SMALL
from unit.recipes import dice_recipe

from renderer.catalog.library import open_library
from renderer.dataset.identity import dataset_identity
from renderer.dataset.store import ARRAY, open_store
from renderer.errors import StoreError
from renderer.execution import slurm
from renderer.execution.array_task import ArrayTask, read_events, write_job
from renderer.execution.slurm import Slurm, cut, render_array, sbatch_parameters
from renderer.execution.work import Done, Job, Lost, Retried, Started

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Questions without pauses, and processes that find these tests."""
    monkeypatch.setattr(slurm, "POLL_S", 0.05)
    monkeypatch.setattr(slurm, "QUEUE_S", 0.0)
    monkeypatch.setenv("PYTHONPATH", f"{REPOSITORY}:{REPOSITORY / 'tests'}")


def job_in(folder: Path, **values: object) -> Job:
    """A job of small frames of dice, three to a task."""
    recipe = dice_recipe(**{"execution.slurm.task_frames": 3, **SMALL, **values})
    library = open_library(recipe)
    store = open_store(str(folder / "out"), dataset_identity(recipe, library))
    return Job(recipe=recipe, library=library, store=store)


def frames_of(events, kind):
    return sorted(event.frame for event in events if isinstance(event, kind))


def test_an_array_renders_every_frame_and_leaves_nothing_of_its_own(tmp_path):
    job, cluster = job_in(tmp_path), Scripted()
    events = list(render_array(job, range(7), cluster))
    done = [Done(frame=n, status="rejected", seconds={"paint": 0.5}) for n in range(7)]
    assert events == [Started(workers=3, threads=1), *done]
    assert all(job.store.has(frame) for frame in range(7))
    assert cluster.submitted == [[[0, 1, 2], [3, 4, 5], [6]]]
    assert not (job.store.root / ARRAY).exists()


def test_what_is_there_is_told_and_not_rendered_again(tmp_path):
    job = job_in(tmp_path)
    list(render_array(job, [1], Scripted()))
    before = job.store.record_path(1).stat().st_mtime_ns
    assert frames_of(render_array(job, range(3), Scripted()), Done) == [0, 1, 2]
    assert job.store.record_path(1).stat().st_mtime_ns == before


def test_frames_of_a_task_that_ended_early_go_into_a_second_array(tmp_path):
    job, cluster = job_in(tmp_path), Scripted(killers=[4])
    events = list(render_array(job, range(9), cluster))
    assert frames_of(events, Retried) == [4, 5]
    assert frames_of(events, Done) == list(range(9))
    assert cluster.submitted[1:] == [[[4, 5]]]
    assert "task 1_1 ended as CANCELLED" in next(e.reason for e in events if isinstance(e, Retried))
    assert not (job.store.root / ARRAY).exists()


def test_frames_whose_task_ended_early_twice_are_lost_and_the_next_run_renders_them(tmp_path):
    job, cluster = job_in(tmp_path), Scripted(killers=[1, 1], word="OUT_OF_MEMORY")
    events = list(render_array(job, range(5), cluster))
    assert (frames_of(events, Done), frames_of(events, Lost)) == ([0, 3, 4], [1, 2])
    (reason,) = {event.reason for event in events if isinstance(event, Lost)}
    assert "ended as OUT_OF_MEMORY" in reason
    assert frames_of(render_array(job, [1, 2], Scripted()), Done) == [1, 2]
    assert not (job.store.root / ARRAY).exists()


def test_an_array_that_was_cancelled_as_a_whole_is_not_started_again(tmp_path):
    job, cluster = job_in(tmp_path), Scripted(killers=[1, 5])
    events = list(render_array(job, range(9), cluster))
    assert (frames_of(events, Done), frames_of(events, Lost)) == ([0, 3, 4, 6, 7, 8], [1, 2, 5])
    assert len(cluster.submitted) == 1


def test_a_frame_that_a_node_gave_up_is_lost_and_not_tried_by_a_second_array(tmp_path):
    job, cluster = job_in(tmp_path), Scripted(crashers=(1,))
    events = list(render_array(job, range(3), cluster))
    assert [e for e in events if isinstance(e, Lost)] == [Lost(frame=1, reason="the worker crashed")]
    assert len(cluster.submitted) == 1


def test_a_frame_that_was_committed_but_not_told_of_is_found_in_the_end(tmp_path):
    job, cluster = job_in(tmp_path), Scripted()
    submit = cluster.submit

    def and_lose_a_line(folder, tasks):
        ids = submit(folder, tasks)
        file = folder / "0.events"
        file.write_bytes(b"".join(file.read_bytes().splitlines(keepends=True)[:2]))
        return ids

    cluster.submit = and_lose_a_line
    events = list(render_array(job, range(3), cluster))
    assert events[3:] == [Done(frame=2, status="rejected", seconds={})]


def test_polls_that_fail_are_survived(tmp_path):
    events = list(render_array(job_in(tmp_path), range(5), Scripted(killers=[1], silences=5)))
    assert frames_of(events, Done) == list(range(5))


def test_an_interrupted_run_cancels_its_array(tmp_path):
    cluster = Scripted(killers=[1], stay=(1,))
    run = render_array(job_in(tmp_path), range(6), cluster)
    assert isinstance(next(run), Started)
    assert next(run).frame == 0
    run.close()
    assert "1_0" in cluster.cancelled


def test_the_next_run_cancels_what_a_killed_one_left_in_the_queue(tmp_path):
    job, cluster = job_in(tmp_path), Scripted(killers=[1], stay=(1,))
    killed = render_array(job, range(3), cluster)
    next(killed)
    assert cluster.cancelled == []
    cluster.stay = ()
    assert frames_of(render_array(job, range(3), cluster), Done) == [0, 1, 2]
    assert cluster.cancelled == ["1_0"]


def test_an_error_of_the_input_stops_the_run_and_cancels_the_array(tmp_path):
    cluster = Scripted(stay=(4,), error=StoreError("the disk is full"))
    with pytest.raises(StoreError, match="the disk is full"):
        list(render_array(job_in(tmp_path), range(6), cluster))


# real processes


@pytest.mark.parametrize("signal_number", [signal.SIGUSR2, signal.SIGKILL])
def test_a_process_that_is_requeued_or_killed_loses_no_frame(tmp_path, signal_number):
    job, cluster, events = job_in(tmp_path), Processes(), []
    (tmp_path / HOLD).write_text("4")
    for event in render_array(job, range(3, 6), cluster):
        events.append(event)
        if event == Done(frame=3, status="rejected", seconds={"paint": 0.5}):
            task_process(cluster.jobs[0]).send_signal(signal_number)
            (tmp_path / HOLD).unlink()
    again = [] if signal_number == signal.SIGUSR2 else [4, 5]
    assert (frames_of(events, Done), frames_of(events, Retried)) == ([3, 4, 5], again)
    assert len(cluster.jobs) == (1 if signal_number == signal.SIGUSR2 else 2)
    assert not (job.store.root / ARRAY).exists()


# what is asked of SLURM


@given(
    frames=st.sets(st.integers(0, 300), min_size=1).map(sorted),
    views=st.integers(1, 3),
    shots=st.integers(1, 4),
    each=st.integers(1, 50),
)
def test_tasks_are_whole_scenes_and_together_all_frames(frames, views, shots, each):
    recipe = dice_recipe(views=views, shots=shots, **{"execution.slurm.task_frames": each})
    parts = cut(Job(recipe=recipe, library=None, store=None), frames)  # type: ignore[arg-type]
    assert list(chain.from_iterable(parts)) == frames
    scenes = [{frame // (views * shots) for frame in part} for part in parts]
    assert sum(map(len, scenes)) == len(set().union(*scenes))


def test_tasks_are_whole_tar_files():
    recipe = dice_recipe(store="webdataset", shard_frames=4, **{"execution.slurm.task_frames": 10})
    parts = cut(Job(recipe=recipe, library=None, store=None), range(20))  # type: ignore[arg-type]
    assert parts == [list(range(8)), list(range(8, 16)), list(range(16, 20))]


def test_sbatch_is_asked_for_what_the_settings_say(tmp_path):
    settings = {
        "partition": "fast", "account": "lab", "time_min": 2, "memory_gb": 1.5,
        "setup": ["module load x"], "options": {"qos": "high", "gres": None},
    }  # fmt: skip
    values = {f"execution.slurm.{key}": value for key, value in settings.items()}
    job = job_in(
        tmp_path, **values, **{"execution.workers": 5, "execution.threads": 3, "engine.device": "gpu"}
    )
    asked = sbatch_parameters(job)
    assert {key: asked[key] for key in ("partition", "account", "time", "mem", "setup")} == {
        "partition": "fast", "account": "lab", "time": 2, "mem": "1536MB", "setup": ["module load x"],
    }  # fmt: skip
    assert (asked["cpus_per_task"], asked["gpus_per_node"], asked["array_parallelism"]) == (3, 1, 5)
    assert asked["additional_parameters"] == {"requeue": True, "qos": "high"}
    assert asked["signal_delay_s"] == 30


def test_a_machine_without_slurm_is_refused_in_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    job = job_in(tmp_path)
    with pytest.raises(Exception, match="srun is not on the PATH"):
        Slurm(job=job).submit(tmp_path, [])


def test_half_a_line_of_a_tasks_events_waits_for_its_rest(tmp_path):
    file = tmp_path / "0.events"
    assert read_events(tmp_path, 0, 0) == ([], 0)
    file.write_bytes(b'{"frame": 1, "lost": "x"}\n{"fra')
    events, read = read_events(tmp_path, 0, 0)
    assert events == [Lost(frame=1, reason="x")]
    assert read_events(tmp_path, 0, read) == ([], read)
    file.write_bytes(file.read_bytes() + b'me": 2, "status": "ok", "seconds": {}}\n')
    events, read = read_events(tmp_path, 0, read)
    assert events == [Done(frame=2, status="ok", seconds={})]
    assert read == file.stat().st_size


def test_a_task_starts_over_from_what_was_submitted(tmp_path):
    job = job_in(tmp_path)
    write_job(tmp_path, job)
    task = ArrayTask(folder=tmp_path, index=0, frames=[0])
    assert task.checkpoint().function == task
