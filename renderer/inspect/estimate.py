"""What rendering a recipe would cost: time and disk, each with its basis.

The rates are those of `docs/results.md`, section Rendering and the sets of section The reality gap: the
start line: an AMD EPYC with 2 cores and no GPU. Nothing was measured on a GPU.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from renderer.execution.capacity import capacity_of
from renderer.execution.machine import Machine
from renderer.lens.source import ID_DENSITY, source_of
from renderer.recipe.imaging import image_size_hw
from renderer.recipe.lighting import changes_in_shots
from renderer.recipe.schema import Recipe
from renderer.scene import Camera, Scene

MACHINE = "2 cores of an AMD EPYC, no GPU (docs/results.md)"
MEASURED_CORES = 2
CAMERA_SAMPLES_PER_S = 0.75e6
CAMERA_SAMPLES_PER_S_BETWEEN = (0.35e6, 1.3e6)  # over scenes, materials and machines of one kind
DENOISED_PIXELS_PER_S = {"prefiltered": 0.15e6, "noisy": 0.6e6, "none": 0.6e6}
LIGHTS_OF_A_SCENE = 3  # that have a light group, with the sky: of lighting=relit on average
BUILD_S_PER_SCENE = 0.15  # built, and taken over by Cycles
CAST_S_PER_VIEW = 0.1  # rays through 640x480 pixels, beside the next trace
LABEL_S_PER_FRAME = 0.06  # exposed, labelled, certified, encoded and written, beside the next trace
START_S = 4.0  # of Blender, in each worker
BYTES_PER_PIXEL = 1.4  # of a PNG: dice 1.31, cards 1.50
BYTES_PER_INSTANCE = 1900  # of a record and of annotations.json: dice 1,780, cards 2,270 at 320x300
MAP_BYTES_PER_PIXEL = {"instances": 0.03, "semantic": 0.03, "depth": 6.2, "normals": 4.7}  # of dice
MEMORY_BYTES_PER_WORKER = 1.0e9
THUMBNAIL = 8  # times smaller an image is what a lens sees is measured on: a tenth too many pixels at most


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What a recipe asks for, added up over its scenes.

    Attributes:
        camera_samples: pixels times samples times traces, second traces for labels included.
        draw_bytes: length of the draws of all frames as JSON.
        falling: scenes in which something falls.
        settled: those of them that were settled to see how long it takes.
        settling_s: what settling those took, on this machine.
    """

    frames: int = 0
    scenes: int = 0
    views: int = 0
    pixels: int = 0
    traced_pixels: int = 0
    camera_samples: int = 0
    instances: int = 0
    draw_bytes: int = 0
    falling: int = 0
    settled: int = 0
    settling_s: float = 0.0

    @property
    def settling_s_per_scene(self) -> float:
        """Of a scene in which something falls."""
        return self.settling_s / max(self.settled, 1)


def traces_of(camera: Camera, samples: int, *, has_normals: bool = False) -> Sequence[tuple[int, int]]:
    """The traces that a view needs, each as (pixels, samples a pixel), the image's own first.

    As `renderer.blender.session` traces them: depth of field, motion blur, a lens and normals have labels
    from a second trace of one sample; what a lens sees is warped from larger images.
    """
    pixels = camera.width_px * camera.height_px
    if camera.lens is not None:
        return [(_source_pixels(camera, 1), samples), (_source_pixels(camera, ID_DENSITY), 1)]
    is_enough = camera.aperture_m == 0 and camera.motion is None and not has_normals
    return [(pixels, samples)] if is_enough else [(pixels, samples), (pixels, 1)]


def _source_pixels(camera: Camera, density: float) -> int:
    """Pixels of the image that a lens warps, from those of its thumbnail."""
    small = replace(
        camera,
        width_px=max(camera.width_px // THUMBNAIL, 2),
        height_px=max(camera.height_px // THUMBNAIL, 2),
        **{name: getattr(camera, name) / THUMBNAIL for name in ("fx_px", "fy_px", "cx_px", "cy_px")},
    )
    source = source_of(small, density).camera
    share = source.width_px * source.height_px / (small.width_px * small.height_px)
    return round(camera.width_px * camera.height_px * share)


def add_view(work: Work, recipe: Recipe, camera: Camera) -> Work:
    """The work with one more view."""
    traces = traces_of(camera, recipe.engine.samples, has_normals="normals" in recipe.labels.maps)
    return replace(
        work,
        views=work.views + 1,
        traced_pixels=work.traced_pixels + traces[0][0],
        camera_samples=work.camera_samples + sum(pixels * samples for pixels, samples in traces),
    )


def add_frame(work: Work, recipe: Recipe, scene: Scene, draw_bytes: int) -> Work:
    """The work with one more frame."""
    return replace(
        work,
        frames=work.frames + 1,
        pixels=work.pixels + math.prod(image_size_hw(recipe.camera)),
        instances=work.instances + sum(item.category is not None for item in scene.objects),
        draw_bytes=work.draw_bytes + draw_bytes,
    )


def estimate(recipe: Recipe, work: Work, machine: Machine) -> dict[str, Any]:
    """Time, disk and memory as plain data, each with what it is computed from.

    Args:
        machine: this one.
    """
    workers = len(capacity_of(machine, recipe.execution, units=work.scenes).places)
    slowest, fastest = CAMERA_SAMPLES_PER_S_BETWEEN
    lowest, seconds, highest = (
        _seconds(recipe, work, rate, workers) for rate in (fastest, CAMERA_SAMPLES_PER_S, slowest)
    )
    return {
        "work": asdict(work),
        "seconds": seconds + START_S,
        "seconds_between": [lowest + START_S, highest + START_S],
        "seconds_here": seconds * MEASURED_CORES / machine.cores + START_S,
        "measured_cores": MEASURED_CORES,
        "cores_here": machine.cores,
        "workers": workers,
        "image_bytes": round(work.pixels * BYTES_PER_PIXEL),
        "map_bytes": round(work.pixels * _map_bytes_per_pixel(recipe)),
        "record_bytes": 2 * work.draw_bytes + BYTES_PER_INSTANCE * work.instances,
        "memory_bytes": round(workers * MEMORY_BYTES_PER_WORKER),
        "basis": _basis(recipe, work),
        "largest_unknown": _largest_unknown(recipe),
    }


def _map_bytes_per_pixel(recipe: Recipe) -> float:
    return sum(MAP_BYTES_PER_PIXEL[name] for name in recipe.labels.maps)


def _seconds(recipe: Recipe, work: Work, samples_per_s: float, workers: int) -> float:
    """On the measured machine, but for starting; any number of workers shares its cores."""
    return (
        work.camera_samples / samples_per_s
        + _denoised_pixels(recipe, work) / DENOISED_PIXELS_PER_S[recipe.engine.denoise_guides]
        + work.scenes * BUILD_S_PER_SCENE
        + work.views * CAST_S_PER_VIEW
        + work.frames * LABEL_S_PER_FRAME
        + work.falling * work.settling_s_per_scene / min(workers, MEASURED_CORES)
    )


def _denoised_pixels(recipe: Recipe, work: Work) -> float:
    """Of all traces; where shots change lights, of the shots or of the light groups."""
    if not recipe.engine.denoise:
        return 0.0
    if recipe.shots == 1 or not changes_in_shots(recipe.lighting):
        return work.traced_pixels
    of_shots = {"each": work.pixels, "groups": LIGHTS_OF_A_SCENE * work.traced_pixels, "none": 0.0}
    return of_shots[recipe.engine.denoise_shots]


def _basis(recipe: Recipe, work: Work) -> dict[str, str]:
    """What the figures come from, one sentence each."""
    rate = DENOISED_PIXELS_PER_S[recipe.engine.denoise_guides]
    denoised = f"{rate / 1e6:g} million pixels a second denoised, "
    draws = math.ceil(work.draw_bytes / max(work.frames, 1))
    return {
        "time": f"measured on {MACHINE}: {CAMERA_SAMPLES_PER_S / 1e6:g} million camera samples a second, "
        f"{denoised if recipe.engine.denoise else ''}{BUILD_S_PER_SCENE:g} s to build a scene, "
        f"{CAST_S_PER_VIEW:g} s to cast the rays of a view, {LABEL_S_PER_FRAME:g} s to label and write "
        f"a frame, {START_S:g} s to start",
        "cores": "that time falls as the number of cores grows is assumed, not measured; workers share the "
        "cores of a machine and change the time little; nothing was measured on a GPU",
        "settling": _settling_basis(work),
        "disk": f"{BYTES_PER_PIXEL:g} bytes a pixel of PNG, {_map_bytes_per_pixel(recipe):g} a pixel of "
        f"maps, {BYTES_PER_INSTANCE} bytes an instance, and "
        f"twice the draws of a frame, {draws} bytes here",
        "memory": f"{MEMORY_BYTES_PER_WORKER / 1e9:g} GB a worker, as at 640x480",
    }


def _settling_basis(work: Work) -> str:
    if work.falling == 0:
        return "nothing falls"
    return (
        f"measured here, on one core: {work.settling_s_per_scene:.2g} s a scene in which something falls, "
        f"mean over {work.settled} of {work.falling}; a scene that is rendered again is not settled again"
    )


def _largest_unknown(recipe: Recipe) -> str:
    low, high = (rate / 1e6 for rate in CAMERA_SAMPLES_PER_S_BETWEEN)
    if recipe.engine.device != "cpu":
        return (
            f"the speed of tracing: {low:g} to {high:g} million camera samples a second on {MEASURED_CORES} "
            "cores, by scene and material, and unknown on a GPU"
        )
    return f"the speed of tracing: {low:g} to {high:g} million camera samples a second, by scene and material"


def estimate_lines(cost: Mapping[str, Any]) -> dict[str, str]:
    """An estimate in words, by what each line is about."""
    work, basis = cost["work"], cost["basis"]
    low, high = (_time_text(seconds) for seconds in cost["seconds_between"])
    measured = f"({low} to {high}) on {cost['measured_cores']} cores"
    here = f"{_time_text(cost['seconds_here'])} on the {cost['cores_here']} here"
    each_s = work["settling_s"] / max(work["settled"], 1)
    gigabytes = (cost["image_bytes"] + cost["map_bytes"] + cost["record_bytes"]) / 1e9
    return {
        "work": f"{work['scenes']} scenes, {work['views']} views, {work['frames']} frames: "
        f"{work['camera_samples'] / 1e6:.3g} million camera samples",
        "time": f"about {_time_text(cost['seconds'])} {measured}, {here}; {basis['time']}",
        "settling": f"about {_time_text(work['falling'] * each_s)} of it on one core; {basis['settling']}"
        if work["falling"]
        else basis["settling"],
        "cores": basis["cores"],
        "disk": f"about {gigabytes:.2g} GB; {basis['disk']}",
        "memory": f"about {cost['memory_bytes'] / 1e9:.2g} GB; {basis['memory']}",
        "unknown": f"most of all {cost['largest_unknown']}",
    }


def _time_text(seconds: float) -> str:
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"
