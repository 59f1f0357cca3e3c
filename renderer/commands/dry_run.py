"""`dry_run=true`: scenes, statistics of every factor and an estimate of the cost, without Blender."""

import os
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO

from renderer.catalog.library import Library
from renderer.commands.progress import track
from renderer.dataset.record import FrameSource
from renderer.dataset.store import DRY_RUN
from renderer.files import atomic_file, json_bytes, write_bytes, write_json
from renderer.inspect.estimate import Work, add_frame, add_view, estimate, estimate_lines
from renderer.inspect.factor_page import factor_page
from renderer.inspect.statistics import Statistics, open_statistics
from renderer.randomize.scenes import sample_scene
from renderer.randomize.streams import FrameAddress, frame_address
from renderer.recipe.schema import Recipe
from renderer.scene import Scene, scene_to_json
from renderer.settle import settle


def dry_run(recipe: Recipe, library: Library) -> int:
    """Write scenes, statistics, a page of them and an estimate to out/dry_run; returns the exit status."""
    folder = Path(recipe.out).expanduser() / DRY_RUN
    with atomic_file(folder / "scenes.jsonl") as file:
        sampler = _Sampler(recipe=recipe, library=library, file=file, statistics=open_statistics(recipe))
        frames = range(recipe.first_frame, recipe.first_frame + recipe.frames)
        for frame in track(frames, f"sample {recipe.name}"):
            sampler.add(frame)
    cost = estimate(recipe, sampler.work, cores=os.cpu_count() or 1)
    write_json(folder / "factors.json", sampler.statistics.describe())
    write_json(folder / "estimate.json", cost)
    write_bytes(folder / "factors.html", factor_page(recipe, sampler.statistics, cost).encode())
    print(f"{recipe.name}: {recipe.frames} frames sampled, their factors described in {folder}")
    for title, text in estimate_lines(cost).items():
        print(f"  {title:<9}{text}")
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
        scene = settle(sample_scene(self.recipe, self.library, index), self.library)
        self.file.write(scene_to_json(scene).encode() + b"\n")
        self.statistics.add(scene.draws)
        self.work = replace(self.work, scenes=self.work.scenes + 1)
        return scene
