"""The supervisor: every frame ends once, as done or lost, whatever becomes of the workers."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.crews import ScriptedCrew, commit_rejected, done, failed
from unit.recipes import dice_recipe

from renderer.catalog.library import open_library
from renderer.dataset.store import open_store
from renderer.errors import InfrastructureError, StoreError
from renderer.execution.supervisor import supervise
from renderer.execution.work import Done, Job, Lost, Outcome, Retried

VIEWS, SHOTS = 3, 2
RECIPE = dice_recipe(views=VIEWS, shots=SHOTS)
LIBRARY = open_library(RECIPE)


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return job_in(tmp_path / "out")


def job_in(folder: Path) -> Job:
    return Job(recipe=RECIPE, library=LIBRARY, store=open_store(str(folder), {}))


def kinds_of(events: list) -> dict[int, list[str]]:
    """The events of each frame, in order."""
    kinds: dict[int, list[str]] = {}
    for event in events:
        kinds.setdefault(event.frame, []).append(type(event).__name__)
    return kinds


@given(
    frames=st.sets(st.integers(0, 60), min_size=1).map(sorted),
    size=st.integers(1, 4),
    bad=st.sets(st.integers(0, 60)),
    once=st.sets(st.integers(0, 60)),
    data=st.data(),
)
def test_every_frame_ends_once_after_two_tries_at_most(tmp_path_factory, frames, size, bad, once, data):
    """`bad` frames fail always, `once` only the first time; a failure comes before or after some commits."""
    job = job_in(tmp_path_factory.mktemp("store") / "out")
    tries: Counter[int] = Counter()

    def fate(unit) -> Outcome:
        tries.update(unit)
        for frame in unit:
            if frame in bad or (frame in once and tries[frame] == 1):
                return failed(unit)
            commit_rejected(job.store, frame)
        return done(unit)

    # A frame that cannot fail comes first: else a run of nothing but failures would be given up.
    crew = ScriptedCrew(size, fate, pick=lambda count: data.draw(st.integers(0, count - 1)))
    try:
        events = list(supervise(job, frames, crew))
    except InfrastructureError:
        assert not any(job.store.has(frame) for frame in frames)
        return
    kinds = kinds_of(events)
    assert sorted(kinds) == frames
    for frame in frames:
        assert kinds[frame] in (["Done"], ["Retried", "Done"], ["Retried", "Lost"])
        assert (kinds[frame][-1] == "Lost") == (frame in bad)
        assert job.store.has(frame) == (kinds[frame][-1] == "Done")
        assert tries[frame] <= 2
    assert crew.is_closed
    assert not crew.under_way


def test_units_are_given_out_in_order_and_whole(job):
    crew = ScriptedCrew(2, done)
    events = list(supervise(job, range(2, 15), crew))
    assert crew.given == [[2, 3, 4, 5], [6, 7, 8, 9, 10, 11], [12, 13, 14]]
    assert [event.frame for event in events] == list(range(2, 15))


def test_what_a_failed_unit_committed_is_done_and_the_rest_is_tried_one_by_one(job):
    def fate(unit) -> Outcome:
        if len(unit) > 1:
            commit_rejected(job.store, unit[0])
            return failed(unit)
        return done(unit)

    crew = ScriptedCrew(1, fate)
    events = list(supervise(job, range(6), crew))
    assert crew.given == [[0, 1, 2, 3, 4, 5], [1], [2], [3], [4], [5]]
    assert events[0] == Done(frame=0, status="rejected", seconds={})
    assert [type(event) for event in events[1:6]] == [Retried] * 5
    assert [type(event) for event in events[6:]] == [Done] * 5


def test_only_the_frame_at_fault_is_lost_with_its_last_reason_and_traceback(job):
    def fate(unit) -> Outcome:
        if 7 not in unit:
            return done(unit)
        return Outcome(frames=unit, failure=f"{len(unit)} frames", details="Traceback")

    crew = ScriptedCrew(2, fate)
    events = list(supervise(job, range(12), crew))
    lost = [event for event in events if isinstance(event, Lost)]
    assert lost == [Lost(frame=7, reason="1 frames", details="Traceback")]
    assert sum(isinstance(event, Done) for event in events) == 11


def test_error_of_the_users_input_stops_the_run_and_ends_the_workers(job):
    def fate(unit) -> Outcome:
        return Outcome(frames=unit, error=StoreError("the disk is full")) if 6 in unit else done(unit)

    crew = ScriptedCrew(1, fate)
    with pytest.raises(StoreError, match="the disk is full"):
        list(supervise(job, range(600), crew))
    assert crew.is_closed
    assert len(crew.given) == 2


@pytest.mark.parametrize("size", [1, 2, 5])
def test_run_in_which_nothing_succeeds_is_given_up_with_the_reason(job, size):
    crew = ScriptedCrew(size, lambda unit: failed(unit, "no module named bpy"))
    with pytest.raises(InfrastructureError, match=f"{2 * size + 2} attempts .* no module named bpy"):
        list(supervise(job, range(600), crew))
    assert len(crew.given) < 3 * size + 3


def test_run_in_which_one_frame_succeeded_goes_on_after_any_number_of_failures(job):
    crew = ScriptedCrew(1, lambda unit: done(unit) if unit[0] == 0 else failed(unit))
    kinds = kinds_of(list(supervise(job, range(0, 600, 6), crew)))
    assert kinds.pop(0) == ["Done"]
    assert all(events == ["Retried", "Lost"] for events in kinds.values())


def test_reader_that_stops_early_ends_the_workers(job):
    crew = ScriptedCrew(2, done)
    events = supervise(job, range(600), crew)
    next(events)
    events.close()
    assert crew.is_closed


def single_job(folder: Path) -> Job:
    """A job whose frames are scenes."""
    recipe = dice_recipe()
    return Job(recipe=recipe, library=LIBRARY, store=open_store(str(folder / "out"), {}))


def test_units_of_several_scenes_become_smaller_towards_the_end(tmp_path):
    crew = ScriptedCrew(2, done, unit_frames=16)
    events = list(supervise(single_job(tmp_path), range(100), crew))
    assert [event.frame for event in events] == list(range(100))
    assert [len(unit) for unit in crew.given] == [16, 16, 16, 13, 9, 7, 5, 4, 3, 2, 2, 1, 1, 1, 1, 1, 1, 1]


def test_one_worker_has_units_as_large_as_may_be(tmp_path):
    crew = ScriptedCrew(1, done, unit_frames=16)
    list(supervise(single_job(tmp_path), range(40), crew))
    assert [len(unit) for unit in crew.given] == [16, 16, 8]


@pytest.mark.parametrize(("is_told", "suspects"), [(True, [3]), (False, [3, 4, 5])])
def test_scenes_of_a_failed_unit_that_had_not_begun_are_given_out_as_if_nothing_had_happened(
    tmp_path, is_told, suspects
):
    job = single_job(tmp_path)

    def fate(unit) -> Outcome:
        if len(unit) < 10:
            return done(unit)
        for frame in range(3):
            commit_rejected(job.store, frame)
        return Outcome(frames=unit, failure="it failed", is_told=is_told)

    crew = ScriptedCrew(1, fate, unit_frames=10)
    kinds = kinds_of(list(supervise(job, range(10), crew)))
    assert crew.given[1:] == [*([frame] for frame in suspects), list(range(suspects[-1] + 1, 10))]
    assert [frame for frame, events in kinds.items() if events == ["Retried", "Done"]] == suspects
    assert all(kinds[frame] == ["Done"] for frame in set(range(10)).difference(suspects))


def test_unit_that_is_told_of_in_parts_is_under_way_until_the_last(tmp_path):
    class InParts(ScriptedCrew):
        """Tells of the first frame of what is under way."""

        def wait(self, timeout_s: float) -> list[Outcome]:
            first, *rest = self.under_way.pop()
            if rest:
                self.under_way.append(rest)
            return [replace(done([first]), is_partial=bool(rest))]

    crew = InParts(1, done, unit_frames=4)
    events = list(supervise(single_job(tmp_path), range(10), crew))
    assert [event.frame for event in events] == list(range(10))
    assert crew.given == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
