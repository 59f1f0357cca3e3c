"""`dry_run=true`: scenes, statistics of every factor and an estimate of the cost, without Blender.

Where something falls, settling costs more than all else of a dry run: the first scenes are settled, and tell
how long that takes; all others are written as they are before it falls.
"""

import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO

from renderer.catalog.library import Library
from renderer.commands.progress import track
from renderer.dataset.record import FrameSource
from renderer.dataset.store import DRY_RUN
from renderer.execution.machine import measure_machine
from renderer.files import atomic_file, json_bytes, write_bytes, write_json
from renderer.inspect.estimate import Work, add_frame, add_view, estimate, estimate_lines
from renderer.inspect.factor_page import factor_page
from renderer.inspect.statistics import Statistics, open_statistics
from renderer.randomize.scenes import sample_scene
from renderer.randomize.streams import FrameAddress, frame_address
from renderer.recipe.schema import Recipe
from renderer.scene import Scene, scene_to_json
from renderer.settle import falls, settle, settle_without_physics

MEASURED_SCENES = 20  # in which something falls, and which are settled


def dry_run(recipe: Recipe, library: Library) -> int:
    """Write scenes, statistics, a page of them and an estimate to out/dry_run; returns the exit status."""
    folder = Path(recipe.out).expanduser() / DRY_RUN
    with atomic_file(folder / "scenes.jsonl") as file:
        sampler = _Sampler(recipe=recipe, library=library, file=file, statistics=open_statistics(recipe))
        frames = range(recipe.first_frame, recipe.first_frame + recipe.frames)
        for frame in track(frames, f"sample {recipe.name}"):
            sampler.add(frame)
    cost = estimate(recipe, sampler.work, measure_machine(recipe.engine.device))
    write_json(folder / "factors.json", sampler.statistics.describe())
    write_json(folder / "estimate.json", cost)
    write_bytes(folder / "factors.html", factor_page(recipe, sampler.statistics, cost).encode())
    print(f"{recipe.name}: {recipe.frames} frames sampled, their factors described in {folder}")
    for title, text in estimate_lines(cost).items():
        print(f"  {title:<9}{text}")
    work = sampler.work
    if work.settled < work.falling:
        print(
            f"  scenes.jsonl has the first {work.settled} scenes in which something falls at rest, "
            f"the other {work.falling - work.settled} before it falls"
        )
    print(f"  look at {folder / 'factors.html'}")
    print("  next: the same command without dry_run=true")
    return 0


@dataclass(slots=True, kw_only=True)
class _Sampler:
    """Draws frame after frame, and keeps of each what is counted, not the draws."""

    recipe: Recipe
    library: Library
    file: IO[bytes]
    statistics: Statistics
    work: Work = field(default_factory=Work)
    scene: Scene | None = None
    last: FrameAddress | None = None

    def add(self, frame: int) -> None:
        """Sample a frame; draws that it shares with the frame before count once."""
        address = frame_address(frame, self.recipe.views, self.recipe.shots)
        scene = self.scene
        if scene is None or scene.index != address.scene:
            scene = self.scene = self._next_scene(address.scene)
        view = scene.views[address.view]
        if self.last is None or (self.last.scene, self.last.view) != (address.scene, address.view):
            self.statistics.add(view.draws)
            self.work = add_view(self.work, self.recipe, view.camera)
        source = FrameSource(frame=frame, scene=scene, view=view, shot=view.shots[address.shot])
        self.statistics.add(source.shot.draws)
        self.work = add_frame(self.work, self.recipe, scene, len(json_bytes(source.draws())))
        self.last = address

    def _next_scene(self, index: int) -> Scene:
        scene = self._settled(sample_scene(self.recipe, self.library, index))
        self.file.write(scene_to_json(scene).encode() + b"\n")
        self.statistics.add(scene.draws)
        self.work = replace(self.work, scenes=self.work.scenes + 1)
        return scene

    def _settled(self, scene: Scene) -> Scene:
        """The scene at rest, or only all in it that does not fall; physics is measured."""
        if not falls(scene):
            return settle(scene, self.library)
        work = self.work = replace(self.work, falling=self.work.falling + 1)
        if work.settled >= MEASURED_SCENES:
            return settle_without_physics(scene, self.library)
        start = time.perf_counter()
        settled = settle(scene, self.library)
        spent_s = work.settling_s + time.perf_counter() - start
        self.work = replace(work, settled=work.settled + 1, settling_s=spent_s)
        return settled
