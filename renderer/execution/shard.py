"""A shard: frames rendered by one session, in order; what every kind of worker calls.

Blender builds and traces in the thread that calls, the main one. Another one beside it draws and settles the
next scene, and casts, labels, finishes and keeps the frames of the last view. At most one view waits for it.
"""

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace

import torch

from renderer.blender.session import BlenderSession
from renderer.catalog.library import Library
from renderer.catalog.scene_models import SceneModels, scene_models
from renderer.dataset.record import FrameSource
from renderer.execution.crops import cropped
from renderer.execution.frame import Frame, LabelledView, Traced, finish_frame, label_view
from renderer.execution.pipeline import Pipeline, awaited, open_pipeline
from renderer.labels import label_device, one_thread
from renderer.labels.cast import cast_view
from renderer.randomize.scenes import sample_scene
from renderer.randomize.streams import FrameAddress, frame_address
from renderer.recipe.schema import Recipe
from renderer.scene import Scene
from renderer.settle import settle
from renderer.stopwatch import Stopwatch, added, measured_by, stage


def _pass_on(frame: Frame) -> Frame:
    """Keep nothing: whoever asks for frames has them."""
    return frame


def render_shard(
    recipe: Recipe,
    library: Library,
    session: BlenderSession,
    frames: Sequence[int],
    keep: Callable[[Frame], Frame] = _pass_on,
) -> Iterator[Frame]:
    """Render frames, in order; frames of one scene share its build, shots of one view its trace.

    Whatever is raised is the fault of the first frame that was not given out.

    Args:
        keep: what to do with a finished frame, in another thread, while Blender traces; gives back what is
            wanted of it.

    Raises:
        InfrastructureError: Blender failed.
    """
    device = label_device(recipe.labels.device)
    addresses = [(frame, frame_address(frame, recipe.views, recipe.shots)) for frame in frames]
    with open_pipeline() as pipeline:
        run = _ShardRun(
            recipe=recipe, library=library, session=session, device=device, pipeline=pipeline, keep=keep
        )
        try:
            yield from run.render_scenes(addresses)
        except Exception:
            yield from run.finish()
            raise


@dataclass(frozen=True, slots=True, kw_only=True)
class _Drawn:
    """A scene that is ready for Blender, and the seconds by stage that this took."""

    scene: Scene
    models: SceneModels
    seconds: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Work:
    """A view whose frames are to be finished.

    Attributes:
        before: seconds by stage that drawing its scene took, if that was done for this view.
    """

    traced: Traced
    addresses: Sequence[tuple[int, FrameAddress]]
    before: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Finishing:
    """Frames that are being finished, and the seconds that the main thread spent for their view."""

    frames: Future[list[Frame]]
    seconds: Mapping[str, float]


@dataclass(slots=True, kw_only=True)
class _ShardRun:
    """A shard under way.

    Attributes:
        watch: of the main thread.
        last: frames of the view that was traced last, until they are given out.
    """

    recipe: Recipe
    library: Library
    session: BlenderSession
    device: torch.device
    pipeline: Pipeline
    keep: Callable[[Frame], Frame]
    watch: Stopwatch = field(default_factory=Stopwatch)
    last: _Finishing | None = None

    def render_scenes(self, addresses: Sequence[tuple[int, FrameAddress]]) -> Iterator[Frame]:
        """Render the frames of one scene after another."""
        groups = itertools.groupby(addresses, key=lambda pair: pair[1].scene)
        of_scenes = {index: list(of_scene) for index, of_scene in groups}
        scenes = self.pipeline.ahead(self._draw, of_scenes)
        for of_scene in of_scenes.values():
            with measured_by(self.watch):
                drawn = next(scenes)
            try:
                with self.watch.stage("build"):
                    self.session.build(drawn.scene, drawn.models)
                yield from self._render_views(drawn.scene, of_scene, drawn.seconds)
            finally:
                with self.watch.stage("clear"):
                    self.session.clear()
        yield from self.finish()

    def _draw(self, index: int) -> _Drawn:
        """A scene at rest, with all that Blender is to be given for it."""
        watch = Stopwatch()
        with watch.stage("sample"):
            drawn = sample_scene(self.recipe, self.library, index)
        with watch.stage("settle"):
            scene = settle(drawn, self.library)
        with watch.stage("model"):
            models = scene_models(scene, self.library)
        return _Drawn(scene=scene, models=models, seconds=watch.take())

    def _render_views(
        self, scene: Scene, addresses: Sequence[tuple[int, FrameAddress]], before: Mapping[str, float]
    ) -> Iterator[Frame]:
        """Trace the views of a scene that was built; gives out the frames of the view before each."""
        for number, of_view in itertools.groupby(addresses, key=lambda pair: pair[1].view):
            view = scene.views[number]
            with measured_by(self.watch), stage("build"):
                buffers = self.session.trace(view)
            yield from self._await_last()
            traced = Traced(scene=scene, view=view, buffers=buffers)
            work = _Work(traced=traced, addresses=list(of_view), before=before)
            frames = self.pipeline.start(self._finish, work)
            self.last = _Finishing(frames=frames, seconds=self.watch.lap())
            before = {}

    def _finish(self, work: _Work) -> list[Frame]:
        """Finish and keep the shots of a traced view, those of each window together."""
        view, watch = work.traced.view, Stopwatch()
        frames, before = [], work.before
        windows = itertools.groupby(work.addresses, key=lambda pair: view.shots[pair[1].shot].window)
        for window, alike in windows:
            with measured_by(watch):
                shown = self._label(cropped(work.traced, window))
            for number, address in alike:
                with measured_by(watch):
                    kept = self._finish_shot(shown, number, address.shot)
                frames.append(replace(kept, beside=added(before, watch.take())))
                before = {}
        return frames

    def _label(self, traced: Traced) -> tuple[Traced, LabelledView]:
        with one_thread():
            with stage("cast"):
                cast = cast_view(traced.scene, traced.view, self.library, self.device)
            return traced, label_view(self.recipe, self.library, traced, cast, self.device)

    def _finish_shot(self, shown: tuple[Traced, LabelledView], frame: int, shot: int) -> Frame:
        """Finish a shot of what was labelled, and keep it."""
        traced, labelled = shown
        view = traced.view
        source = FrameSource(frame=frame, scene=traced.scene, view=view, shot=view.shots[shot])
        with one_thread():
            finished = finish_frame(source, labelled, self.device, self.session.denoiser)
        return self.keep(finished)

    def _await_last(self) -> list[Frame]:
        """The frames of the view that was traced last, if they are not given out yet."""
        last, self.last = self.last, None
        if last is None:
            return []
        with measured_by(self.watch):
            first, *others = awaited(last.frames)
        return [replace(first, seconds=last.seconds), *others]

    def finish(self) -> list[Frame]:
        """The same when nothing more is traced: all time until now went by for them."""
        frames, rest = self._await_last(), self.watch.lap()
        return [replace(frame, seconds=added(frame.seconds, rest)) for frame in frames[:1]] + frames[1:]
