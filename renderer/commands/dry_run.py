"""`dry_run=true`: scenes and statistics of every factor, without Blender."""

from pathlib import Path

from renderer.catalog.library import Library
from renderer.commands.progress import track
from renderer.dataset.files import atomic_file, write_json
from renderer.dataset.record import FrameSource
from renderer.dataset.store import DRY_RUN
from renderer.inspect.statistics import factor_statistics
from renderer.randomize.scenes import sample_scene
from renderer.randomize.streams import frame_address
from renderer.recipe.schema import Recipe
from renderer.scene import scene_to_json
from renderer.settle import settle

# Measured on 2 cores without a GPU, docs/results.md; what is not camera samples is start-up and writing.
CAMERA_SAMPLES_PER_S = 0.9e6
OTHER_S_PER_FRAME = 1.0
BYTES_PER_PIXEL = 1.6  # of a PNG of these scenes


def dry_run(recipe: Recipe, library: Library) -> int:
    """Write out/dry_run/scenes.jsonl and factors.json, and print an estimate; returns the exit status."""
    folder = Path(recipe.out).expanduser() / DRY_RUN
    frames = range(recipe.first_frame, recipe.first_frame + recipe.frames)
    draws = []
    with atomic_file(folder / "scenes.jsonl") as file:
        scene = None
        for frame in track(frames, f"sample {recipe.name}"):
            address = frame_address(frame, recipe.views, recipe.shots)
            if scene is None or scene.index != address.scene:
                scene = settle(sample_scene(recipe, library, address.scene))
                file.write(scene_to_json(scene).encode() + b"\n")
            view = scene.views[address.view]
            source = FrameSource(frame=frame, scene=scene, view=view, shot=view.shots[address.shot])
            draws.append(source.draws())
    statistics = factor_statistics(draws)
    write_json(folder / "factors.json", statistics)
    _print_estimate(recipe, len(statistics), folder)
    return 0


def _print_estimate(recipe: Recipe, factors: int, folder: Path) -> None:
    pixels = recipe.camera.width_px * recipe.camera.height_px
    traces = -(-recipe.frames // recipe.shots)
    seconds = traces * pixels * recipe.engine.samples / CAMERA_SAMPLES_PER_S
    seconds += recipe.frames * OTHER_S_PER_FRAME
    megabytes = recipe.frames * pixels * BYTES_PER_PIXEL / 1e6
    print(f"{recipe.name}: {recipe.frames} frames sampled, {factors} factors described in {folder}")
    print(
        f"  rendering would take about {seconds / 60:.1f} min on 2 CPU cores "
        f"(at {CAMERA_SAMPLES_PER_S / 1e6:g} million camera samples a second) and {megabytes:.0f} MB"
    )
    print("  next: the same command without dry_run=true")
