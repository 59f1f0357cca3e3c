"""A shard: a range of frames rendered by one session; what every kind of worker calls."""

import itertools
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace

import torch

from renderer.blender.session import BlenderSession
from renderer.catalog.library import Library
from renderer.dataset.record import FrameSource
from renderer.execution.frame import Frame, Traced, finish_frame, label_view
from renderer.labels import label_device, one_thread
from renderer.labels.cast import cast_view
from renderer.randomize.scenes import sample_scene
from renderer.randomize.streams import FrameAddress, frame_address
from renderer.recipe.schema import Recipe
from renderer.scene import Scene
from renderer.settle import settle
from renderer.stopwatch import Stopwatch, measured_by, stage


def render_shard(
    recipe: Recipe, library: Library, session: BlenderSession, frames: Sequence[int]
) -> Iterator[Frame]:
    """Render frames, in order; frames of one scene share its build, shots of one view its trace.

    Raises:
        InfrastructureError: Blender failed.
    """
    device = label_device(recipe.labels.device)
    run = _ShardRun(recipe=recipe, library=library, session=session, device=device, watch=Stopwatch())
    addresses = [(frame, frame_address(frame, recipe.views, recipe.shots)) for frame in frames]
    for index, of_scene in itertools.groupby(addresses, key=lambda pair: pair[1].scene):
        with run.watch.stage("sample"):
            drawn = sample_scene(recipe, library, index)
        with run.watch.stage("settle"):
            scene = settle(drawn, library)
        with ExitStack() as built:
            built.callback(run.clear)
            with run.watch.stage("build"):
                session.build(scene)
            yield from run.render_views(scene, list(of_scene), built)


@dataclass(frozen=True, slots=True, kw_only=True)
class _ShardRun:
    """What stays the same over a shard."""

    recipe: Recipe
    library: Library
    session: BlenderSession
    device: torch.device
    watch: Stopwatch

    def clear(self) -> None:
        """Take a scene out of Blender."""
        with self.watch.stage("clear"):
            self.session.clear()

    def render_views(
        self, scene: Scene, addresses: Sequence[tuple[int, FrameAddress]], built: ExitStack
    ) -> Iterator[Frame]:
        """Trace the views of a scene that was built, which is taken out then, and finish their shots."""
        for number, of_view in itertools.groupby(addresses, key=lambda pair: pair[1].view):
            view = scene.views[number]
            with measured_by(self.watch), stage("build"):
                buffers = self.session.trace(view)
            if number == addresses[-1][1].view:
                built.close()
            with measured_by(self.watch), one_thread():
                with stage("cast"):
                    cast = cast_view(scene, view, self.library, self.device)
                traced = Traced(scene=scene, view=view, buffers=buffers)
                labelled = label_view(self.recipe, self.library, traced, cast, self.device)
            for frame, address in of_view:
                source = FrameSource(frame=frame, scene=scene, view=view, shot=view.shots[address.shot])
                with measured_by(self.watch):
                    finished = finish_frame(source, labelled, self.device)
                yield replace(finished, seconds=self.watch.take())
