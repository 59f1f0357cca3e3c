"""Cycles' settings, from those of a recipe."""

from collections.abc import Iterator
from contextlib import contextmanager

import bpy

from renderer.blender.runtime import start_blender
from renderer.catalog.model import OWNING_OPACITY
from renderer.recipe.schema import Engine

MOST_TRANSPARENT = 64  # surfaces, transparent by alpha, that light goes through; the next is taken for opaque
INDIRECT_CLAMP = 10.0  # of radiance: keeps rare bright paths from becoming specks at few samples
_PREFILTERS = {"prefiltered": "ACCURATE", "noisy": "FAST", "none": "NONE"}


def set_engine(engine: Engine, threads: int) -> None:
    """Let Cycles render as an engine says.

    Args:
        threads: of the processor; 0 takes all.
    """
    api = start_blender().renderer
    scene, layer = bpy.context.scene, bpy.context.view_layer
    scene.render.engine = "CYCLES"
    api.set_cpu_threads(threads)
    api.set_max_amount_of_samples(engine.samples)
    api.set_light_bounces(
        diffuse_bounces=engine.max_bounces,
        glossy_bounces=engine.max_bounces,
        ao_bounces_render=0,
        max_bounces=engine.max_bounces,
        transmission_bounces=2 * engine.max_bounces,
        transparent_max_bounces=MOST_TRANSPARENT,
        volume_bounces=0,
    )
    _set_sampling(engine)
    _set_denoiser(engine)
    layer.use_pass_object_index = layer.use_pass_z = True
    layer.pass_alpha_threshold = OWNING_OPACITY
    scene.render.use_file_extension = False
    api.set_output_format(file_format="OPEN_EXR_MULTILAYER", color_depth=32)
    scene.render.image_settings.exr_codec = "NONE"


def _set_sampling(engine: Engine) -> None:
    cycles = bpy.context.scene.cycles
    cycles.use_adaptive_sampling = engine.noise_threshold is not None
    if engine.noise_threshold is not None:
        cycles.adaptive_threshold, cycles.adaptive_min_samples = engine.noise_threshold, engine.min_samples
    cycles.use_light_tree = engine.light_tree
    cycles.caustics_reflective = cycles.caustics_refractive = False
    cycles.sample_clamp_indirect = INDIRECT_CLAMP


def _set_denoiser(engine: Engine) -> None:
    cycles = bpy.context.scene.cycles
    _let_denoise(engine.denoise)
    if not engine.denoise:
        return
    if engine.denoiser == "optix":
        cycles.denoiser = "OPTIX"
    else:
        cycles.denoiser, cycles.denoising_quality = "OPENIMAGEDENOISE", engine.denoise_quality.upper()
        cycles.denoising_use_gpu = cycles.device == "GPU"
    cycles.denoising_prefilter = _PREFILTERS[engine.denoise_guides]
    cycles.denoising_input_passes = "RGB" if engine.denoise_guides == "none" else "RGB_ALBEDO_NORMAL"


@contextmanager
def settings(*, denoise: bool, samples: int | None = None, guides: bool = False) -> Iterator[None]:
    """What is rendered inside, other than the engine says.

    Args:
        denoise: whether Cycles denoises.
        samples: a pixel; None leaves them as they are.
        guides: whether Cycles gives what a denoiser goes by.
    """
    cycles, layer = bpy.context.scene.cycles, bpy.context.view_layer
    kept = cycles.samples, cycles.use_denoising
    cycles.samples = kept[0] if samples is None else samples
    _let_denoise(denoise)
    layer.cycles.denoising_store_passes = guides
    try:
        yield
    finally:
        cycles.samples = kept[0]
        _let_denoise(kept[1])
        layer.cycles.denoising_store_passes = False


def _let_denoise(is_on: bool) -> None:
    bpy.context.scene.cycles.use_denoising = bpy.context.view_layer.cycles.use_denoising = is_on
