"""Workers as real processes, without Blender: limits, deaths, recycling, and nothing left behind."""

import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from unit.crews import (
    CRASH,
    EAT,
    EAT_IN_CHILD,
    EATEN_BYTES,
    EXIT,
    HANG,
    serve_in_parts,
    serve_oddly,
    worker_of,
)
from unit.recipes import dice_recipe

from renderer.catalog.library import open_library
from renderer.dataset.store import open_store
from renderer.execution.capacity import Capacity
from renderer.execution.local import LocalCrew, end_in_words
from renderer.execution.supervisor import supervise
from renderer.execution.work import Done, Job, Lost, Outcome, Place

LONG_S = 300.0
ROOM_BYTES = 10e9


@pytest.fixture
def crew_of(tmp_path: Path) -> Iterator:
    """Crews of workers that commit frames without Blender; all are closed at the end."""
    crews = []

    def make(
        workers: int = 1,
        memory_limit_bytes: float = ROOM_BYTES,
        run_unit: Callable = serve_oddly,
        **execution: object,
    ) -> LocalCrew:
        recipe = dice_recipe(**{f"execution.{key}": value for key, value in execution.items()})
        store = open_store(str(tmp_path / "out"), {})
        job = Job(recipe=recipe, library=open_library(recipe), store=store)
        places = tuple(Place(threads=1, gpu=str(number)) for number in range(workers))
        capacity = Capacity(places=places, memory_limit_bytes=memory_limit_bytes)
        crews.append(LocalCrew(job=job, capacity=capacity, run_unit=run_unit))
        return crews[-1]

    yield make
    for crew in crews:
        crew.close()
    left = [" ".join(child.cmdline()) for child in psutil.Process().children(recursive=True)]
    assert [line for line in left if "resource_tracker" not in line] == []  # Python's own stays to the end


def outcome_of(crew: LocalCrew, *frames: int) -> Outcome:
    crew.start(frames)
    return next_outcome(crew)


def next_outcome(crew: LocalCrew) -> Outcome:
    end = time.monotonic() + LONG_S
    while time.monotonic() < end:
        outcomes = crew.wait(1.0)
        if outcomes:
            (outcome,) = outcomes
            return outcome
    raise AssertionError("no outcome")


def test_one_process_renders_unit_after_unit(crew_of, tmp_path):
    crew = crew_of()
    for frame in (0, 2, 4):
        outcome = outcome_of(crew, frame, frame + 1)
        assert [done.frame for done in outcome.report.done] == [frame, frame + 1]
        assert crew.job.store.has(frame + 1)
    assert len({worker_of(tmp_path / "out", frame) for frame in (0, 2, 4)}) == 1


def test_death_of_a_worker_is_told_with_its_signal_and_the_next_unit_has_a_fresh_one(crew_of, tmp_path):
    crew = crew_of()
    outcome_of(crew, 0)
    assert outcome_of(crew, 1, CRASH).failure == "the worker crashed (signal 11: Segmentation fault)"
    assert crew.job.store.has(1)  # it was committed before
    assert outcome_of(crew, EXIT).failure == "the worker ended by itself (exit status 3)"
    assert outcome_of(crew, 2).report is not None
    assert worker_of(tmp_path / "out", 0) != worker_of(tmp_path / "out", 2)


def test_worker_that_dies_while_idle_costs_no_frame_a_try(crew_of, tmp_path):
    crew = crew_of()
    outcome_of(crew, 0)
    pid = worker_of(tmp_path / "out", 0)
    os.kill(pid, signal.SIGKILL)
    while any(child.pid == pid for child in multiprocessing.active_children()):
        time.sleep(0.01)
    assert outcome_of(crew, 1).report is not None


def test_hung_worker_is_killed_at_its_limit_of_time(crew_of, tmp_path):
    crew = crew_of(time_limit_s=0.5, start_limit_s=30)
    outcome_of(crew, 0)
    failure = outcome_of(crew, HANG).failure
    assert failure.startswith("the worker took longer than 0.5 s and was killed (execution.time_limit_s=0.5 ")
    assert not psutil.pid_exists(worker_of(tmp_path / "out", 0))


def test_stopped_worker_is_killed_like_a_hung_one(crew_of, tmp_path):
    crew = crew_of(time_limit_s=0.5, start_limit_s=30)
    outcome_of(crew, 0)
    os.kill(worker_of(tmp_path / "out", 0), signal.SIGSTOP)
    assert "took longer" in outcome_of(crew, 1).failure
    assert outcome_of(crew, 2).report is not None


def test_start_of_a_worker_has_a_limit_of_its_own(crew_of):
    crew = crew_of(time_limit_s=0.1, start_limit_s=30)
    assert outcome_of(crew, 0).report is not None  # a fresh Python takes longer than a tenth of a second
    crew = crew_of(time_limit_s=0.1, start_limit_s=0.1)
    assert outcome_of(crew, 1).failure.startswith("the worker took longer than 0.2 s")


def test_unit_is_told_of_in_parts_and_what_is_left_of_it_fails_alone(crew_of):
    crew = crew_of(run_unit=serve_in_parts)
    crew.start([0, 1, CRASH, 2])
    told = [next_outcome(crew) for _ in range(3)]
    assert [(list(outcome.frames), outcome.is_partial) for outcome in told[:2]] == [([0], True), ([1], True)]
    assert list(told[2].frames) == [CRASH, 2]
    assert told[2].failure == "the worker crashed (signal 11: Segmentation fault)"
    assert not outcome_of(crew, 3).is_partial


def test_limit_of_time_begins_again_whenever_a_frame_is_told_of(crew_of):
    crew = crew_of(run_unit=serve_in_parts, time_limit_s=0.5, start_limit_s=30)
    crew.start([*range(100), HANG])
    for _ in range(100):
        assert next_outcome(crew).is_partial
    assert next_outcome(crew).failure.startswith("the worker took longer than 0.5 s and was killed")


def test_supervised_run_of_large_units_loses_the_frames_at_fault_and_no_other(crew_of):
    crew = crew_of(run_unit=serve_in_parts)
    frames = [*range(6), CRASH, EXIT, *range(2000, 2010)]
    events = list(supervise(crew.job, frames, crew))
    assert {event.frame for event in events if isinstance(event, Done)} == set(frames) - {CRASH, EXIT}
    assert {event.frame for event in events if isinstance(event, Lost)} == {CRASH, EXIT}


@pytest.mark.parametrize("frame", [EAT, EAT_IN_CHILD])
def test_worker_that_eats_memory_is_killed_with_all_figures(crew_of, tmp_path, frame):
    crew = crew_of(memory_limit_bytes=ROOM_BYTES)
    outcome_of(crew, 0)
    held = psutil.Process(worker_of(tmp_path / "out", 0)).memory_info().rss
    limit = held + EATEN_BYTES // 2
    crew.capacity = Capacity(places=crew.capacity.places, memory_limit_bytes=limit)
    failure = outcome_of(crew, frame).failure
    assert f"more than {limit / 1e9:.2f} GB" in failure
    assert "execution.memory_limit_gb, by default its share" in failure


def test_worker_is_replaced_after_so_many_frames(crew_of, tmp_path):
    crew = crew_of(recycle_frames=3)
    for unit in ((0, 1), (2, 3), (4, 5)):
        outcome_of(crew, *unit)
    first, second, third = (worker_of(tmp_path / "out", frame) for frame in (0, 2, 4))
    assert first == second != third


def test_worker_is_replaced_when_it_holds_much_memory(crew_of, tmp_path):
    """Here a worker reports the number of its first frame as the bytes that it holds."""
    crew = crew_of(recycle_gb=0.1)
    for frame in (0, 200_000_000, 1, 2):
        outcome_of(crew, frame)
    pids = [worker_of(tmp_path / "out", frame) for frame in (0, 200_000_000, 1, 2)]
    assert pids[0] == pids[1] != pids[2] == pids[3]


def test_each_worker_has_its_own_gpu(crew_of, tmp_path):
    crew = crew_of(workers=2)
    for frame in (0, 1):
        crew.start([frame])
    outcomes: list[Outcome] = []
    while len(outcomes) < 2:
        outcomes += crew.wait(1.0)
    gpus = [(tmp_path / "out" / f"worker_of_{frame}").read_text().split()[1] for frame in (0, 1)]
    assert sorted(gpus) == ["0", "1"]


def test_supervised_run_loses_the_frames_at_fault_and_no_other(crew_of):
    crew = crew_of(workers=2, recycle_frames=4)
    frames = [*range(6), CRASH, EXIT]
    events = list(supervise(crew.job, frames, crew))
    assert {event.frame for event in events if isinstance(event, Done)} == set(range(6))
    assert {event.frame for event in events if isinstance(event, Lost)} == {CRASH, EXIT}


def test_closing_ends_busy_workers_at_once(crew_of, tmp_path):
    crew = crew_of()
    outcome_of(crew, 0)
    crew.start([HANG])
    crew.close()
    assert not psutil.pid_exists(worker_of(tmp_path / "out", 0))


@pytest.mark.parametrize(
    ("exit_code", "words"),
    [
        (-9, "the worker was killed (signal 9): perhaps out of memory"),
        (-6, "the worker crashed (signal 6: Aborted)"),
        (1, "the worker ended by itself (exit status 1)"),
        (None, "the worker closed its pipe and was killed"),
    ],
)
def test_ends_in_words(exit_code, words):
    assert end_in_words(exit_code) == words
