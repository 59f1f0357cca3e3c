"""A shard without Blender: a session that notes what it was asked for stands in for it, and rays agree."""

import importlib
import sys
import threading
import time
from types import ModuleType
from typing import Any

import pytest
from unit.frames import SMALL, agreeing_cast, striped_buffers
from unit.recipes import dice_recipe

from renderer.catalog.library import open_library
from renderer.dataset.record import FrameSource
from renderer.denoising import Denoiser
from renderer.errors import InfrastructureError
from renderer.execution.frame import Traced
from renderer.stopwatch import stage

VIEWS, SHOTS = 2, 3
PATIENCE_S = 60.0


class Session:
    """Notes every call; every object of the scene shows as one column of pixels."""

    denoiser = Denoiser()

    def __init__(self) -> None:
        self.calls: list[tuple[str, Any]] = []
        self.fails_at_trace = -1

    def build(self, scene, models):
        assert set(models.kinships) == {item.name for item in scene.objects}, "models of another scene"
        self.calls.append(("build", scene.index))
        self.scene = scene

    def trace(self, view):
        with stage("trace"):
            self.calls.append(("trace", self.scene.views.index(view)))
        if len([c for c in self.calls if c[0] == "trace"]) == self.fails_at_trace:
            raise InfrastructureError("Blender failed")
        return striped_buffers(FrameSource(frame=0, scene=self.scene, view=view, shot=view.shots[0]))

    def clear(self):
        self.calls.append(("clear", None))


def cast_view(scene, view, library, device):
    """Rays meet just what the session shows."""
    source = FrameSource(frame=0, scene=scene, view=view, shot=view.shots[0])
    return agreeing_cast(Traced(scene=scene, view=view, buffers=striped_buffers(source)))


@pytest.fixture(scope="module")
def recipe():
    return dice_recipe(
        **SMALL, **{"objects.die.count": 2, "views": VIEWS, "shots": SHOTS, "labels.device": "cpu"}
    )


@pytest.fixture
def render_shard(monkeypatch):
    """The function, imported with an empty module in place of the one that starts Blender."""
    stand_in = ModuleType("renderer.blender.session")
    stand_in.BlenderSession = Session
    monkeypatch.setitem(sys.modules, stand_in.__name__, stand_in)
    monkeypatch.delitem(sys.modules, "renderer.execution.shard", raising=False)
    shard = importlib.import_module("renderer.execution.shard")
    monkeypatch.setattr(shard, "cast_view", cast_view)
    yield shard.render_shard
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("beside")]
    del sys.modules["renderer.execution.shard"]


@pytest.fixture
def rendered(render_shard, recipe):
    """Render frames; returns them and what the session was asked for."""

    def render(*numbers: int):
        session = Session()
        frames = list(render_shard(recipe, open_library(recipe), session, numbers))
        return frames, session.calls

    return render


def test_frames_of_a_scene_share_its_build_and_shots_of_a_view_its_trace(rendered):
    frames, calls = rendered(*range(2 * VIEWS * SHOTS))
    assert [frame.record["frame"] for frame in frames] == list(range(2 * VIEWS * SHOTS))
    of_each = [("trace", 0), ("trace", 1), ("clear", None)]
    assert calls == [("build", 0), *of_each, ("build", 1), *of_each]


def test_frame_in_the_middle_of_a_scene_costs_its_own_view_only(rendered):
    _, calls = rendered(VIEWS * SHOTS + SHOTS)
    assert calls == [("build", 1), ("trace", 1), ("clear", None)]


def test_frame_alone_equals_that_of_a_shard(rendered):
    together, _ = rendered(*range(VIEWS * SHOTS))
    for number in (0, SHOTS - 1, SHOTS, VIEWS * SHOTS - 1):
        (alone,), _ = rendered(number)
        assert alone.record == together[number].record
        assert alone.image_png == together[number].image_png


def test_shots_of_a_view_differ_in_their_exposure_and_not_in_their_labels(rendered):
    frames, _ = rendered(*range(SHOTS))
    assert len({frame.record["draws"]["sensor.exposure_ev"] for frame in frames}) == SHOTS
    assert len({frame.image_png for frame in frames}) == SHOTS
    assert all(frame.record["instances"] == frames[0].record["instances"] for frame in frames)


def test_time_of_a_build_and_a_trace_is_told_with_the_first_frame_that_needed_it(rendered):
    frames, _ = rendered(*range(SHOTS + 1))
    of_shot = {"label", "sensor", "encode"}
    assert [set(frame.seconds) for frame in frames] == [
        {"build", "trace", "wait", "other"},
        set(),
        set(),
        {"build", "trace", "wait", "clear", "other"},
    ]
    assert [set(frame.beside) for frame in frames] == [
        {"sample", "settle", "model", "cast", *of_shot},
        of_shot,
        of_shot,
        {"cast", *of_shot},
    ]


def test_seconds_of_the_main_thread_add_up_to_all_that_went_by(render_shard, recipe):
    start = time.perf_counter()
    frames = list(render_shard(recipe, open_library(recipe), Session(), range(2 * VIEWS * SHOTS)))
    elapsed_s = time.perf_counter() - start
    told_s = sum(sum(frame.seconds.values()) for frame in frames)
    assert 0.5 * elapsed_s < told_s <= elapsed_s
    assert all(duration > -1e-9 for frame in frames for duration in frame.seconds.values())


def test_frames_of_a_view_are_kept_beside_the_trace_of_the_next_scene(render_shard, recipe):
    """Each trace but the first waits until the frames of the one before it are kept."""
    kept = threading.Semaphore(0)
    threads = set()

    class Waiting(Session):
        def trace(self, view):
            buffers = super().trace(view)
            if len([call for call in self.calls if call[0] == "trace"]) > 1:
                assert all(kept.acquire(timeout=PATIENCE_S) for _ in range(SHOTS))
            return buffers

    def keep(frame):
        threads.add(threading.current_thread())
        kept.release()
        return frame

    numbers = range(3 * VIEWS * SHOTS)
    frames = list(render_shard(recipe, open_library(recipe), Waiting(), numbers, keep))
    assert [frame.record["frame"] for frame in frames] == list(numbers)
    assert len(threads) == 1
    assert threading.current_thread() not in threads


def test_no_more_than_one_view_waits_to_be_finished(render_shard, recipe):
    kept = []

    class Counting(Session):
        def trace(self, view):
            traced = len([call for call in self.calls if call[0] == "trace"])
            assert traced - len(kept) // SHOTS <= 1
            return super().trace(view)

    def keep(frame):
        time.sleep(0.01)
        kept.append(frame)
        return frame

    frames = list(render_shard(recipe, open_library(recipe), Counting(), range(5 * VIEWS * SHOTS), keep))
    assert len(frames) == len(kept)


def test_failure_beside_a_trace_is_that_of_the_frame_whose_work_it_was(render_shard, recipe):
    session, frames = Session(), []

    def keep(frame):
        if frame.record["frame"] == SHOTS:
            raise ValueError("a planted bug")
        return frame

    with pytest.raises(ValueError, match="a planted bug"):
        frames.extend(render_shard(recipe, open_library(recipe), session, range(3 * VIEWS * SHOTS), keep))
    assert len(frames) == SHOTS
    assert session.calls[-1] == ("clear", None)


def test_scene_that_cannot_be_drawn_costs_no_frame_before_it(render_shard, recipe, monkeypatch):
    shard, frames = sys.modules["renderer.execution.shard"], []

    def sample(recipe, library, index, real=shard.sample_scene):
        if index == 2:
            raise InfrastructureError("no such scene")
        return real(recipe, library, index)

    monkeypatch.setattr(shard, "sample_scene", sample)
    with pytest.raises(InfrastructureError, match="no such scene"):
        frames.extend(render_shard(recipe, open_library(recipe), Session(), range(4 * VIEWS * SHOTS)))
    assert len(frames) == 2 * VIEWS * SHOTS


def test_failure_of_a_view_is_told_before_that_of_the_next_trace(render_shard, recipe):
    session = Session()
    session.fails_at_trace = 2

    def keep(frame):
        raise ValueError(f"frame {frame.record['frame']}")

    with pytest.raises(ValueError, match="frame 0"):
        list(render_shard(recipe, open_library(recipe), session, range(VIEWS * SHOTS), keep))


def test_shard_that_nobody_reads_to_its_end_stops(render_shard, recipe):
    session = Session()
    frames = render_shard(recipe, open_library(recipe), session, range(9 * VIEWS * SHOTS))
    next(frames)
    frames.close()
    assert session.calls[-1] == ("clear", None)


def test_session_is_cleared_when_a_trace_fails(render_shard, recipe):
    session = Session()
    session.fails_at_trace = 2
    frames = []
    with pytest.raises(InfrastructureError, match="Blender failed"):
        frames.extend(render_shard(recipe, open_library(recipe), session, range(VIEWS * SHOTS)))
    assert len(frames) == SHOTS  # of the first view
    assert session.calls[-1] == ("clear", None)


def test_no_frames_ask_for_nothing(rendered):
    assert rendered() == ([], [])
