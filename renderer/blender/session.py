"""A long-lived Blender: started once, given one scene after another, emptied in between."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import bpy

from renderer.blender.camera import set_camera
from renderer.blender.device import select_device
from renderer.blender.framing import frame_photos
from renderer.blender.lights import add_caster, add_light, set_sky
from renderer.blender.meshes import LARGEST_ID, Copies, move_model
from renderer.blender.missing import MissingImages
from renderer.blender.opacity import blends, hard_opacity
from renderer.blender.passes import in_camera, read_buffers
from renderer.blender.place import Place
from renderer.blender.runtime import return_freed_memory, silence, start_blender
from renderer.blender.scratch import scratch_folder
from renderer.buffers import Buffers
from renderer.catalog.library import Library
from renderer.catalog.model import OWNING_OPACITY
from renderer.errors import InfrastructureError, RecipeError
from renderer.lens.source import ID_DENSITY, source_of
from renderer.lens.warp import warp_buffers
from renderer.recipe.schema import Engine
from renderer.scene import Camera, Scene, View
from renderer.stopwatch import stage

MOST_TRANSPARENT = 64  # surfaces, transparent by alpha, that light goes through; the next is taken for opaque
INDIRECT_CLAMP = 10.0  # of radiance: keeps rare bright paths from becoming specks at few samples


@dataclass(frozen=True, slots=True, kw_only=True)
class BlenderSession:
    """What renders: `build` a scene, `trace` its views, `clear`.

    Attributes:
        device: what Cycles traces on, in words.
        exr_path: where Blender leaves a view's passes for a moment.
        has_normals: whether a view's buffers have normals, which take a sharp trace of every view.
        quiet: keeps what Blender prints during a render away from standard output.
    """

    library: Library
    device: str
    exr_path: Path
    has_normals: bool = False
    quiet: Callable[[], AbstractContextManager[None]] = silence
    _ids: dict[str, int] = field(default_factory=dict, init=False)
    _place: Place = field(default_factory=Place, init=False)
    _missing: MissingImages = field(default_factory=MissingImages, init=False)

    def build(self, scene: Scene) -> None:
        """Put a scene into the empty Blender; `clear` takes it out again.

        Raises:
            RecipeError: there are more objects than Blender can number.
        """
        if len(scene.objects) > LARGEST_ID:
            raise RecipeError(
                f"a scene must have at most {LARGEST_ID} objects, got {len(scene.objects)}: "
                "Blender cannot number more"
            )
        self._place.build(scene.ground, self.library)
        copies = Copies(library=self.library)
        self._ids.clear()
        for number, item in enumerate(scene.objects, start=1):
            copies.add(item, number)
            self._ids[item.name] = number
        for light in scene.lights:
            add_light(light)
        for caster in scene.casters:
            add_caster(caster)
        set_sky(scene.sky, self.library)

    def clear(self) -> None:
        """Remove what a scene added; skies and the camera stay."""
        camera = bpy.context.scene.camera
        images = [i for i in bpy.data.images if i.source == "GENERATED"]
        bpy.data.batch_remove([*images, *(o for o in bpy.data.objects if o is not camera)])
        bpy.data.batch_remove([*bpy.data.meshes, *bpy.data.lights, *bpy.data.materials])
        bpy.context.view_layer.update()  # lets go of the evaluated copies of what was removed
        return_freed_memory()

    def trace(self, view: View) -> Buffers:
        """Trace one view of the scene that was built.

        Raises:
            InfrastructureError: Blender gave no result.
        """
        for placement in view.foreground:
            move_model(self._ids[placement.name], placement.pose, placement.scale)
        self._place.cut_away(view.camera)
        missing = self._missing.users()
        return replace(self._trace(view), missing_images=missing)

    def _trace(self, view: View) -> Buffers:
        """Trace a view of what stands in its place.

        Where the lens blurs or bends, ids and depth come from a second trace that is sharp and straight:
        through an open aperture, or while the camera moves, they are sampled at random places (rule 4). So
        they do where a material blends with what is behind it: Cycles then leaves one of the ids by chance.
        Normals are always of that trace: Cycles adds them up over the samples of a pixel.
        """
        camera, seed = view.camera, view.cycles_seed
        if camera.lens is not None:
            image, ids = source_of(camera, density=1), source_of(camera, density=ID_DENSITY)
            blurred, sharp = self._render(image.camera, seed), self._render_sharp(ids.camera, seed)
            return warp_buffers(blurred, image, sharp, ids)
        buffers = self._render(camera, seed)
        if camera.aperture_m > 0 or camera.motion is not None or self.has_normals or blends():
            return replace(self._render_sharp(camera, seed), radiance=buffers.radiance)
        return buffers

    def _render_sharp(self, camera: Camera, cycles_seed: int) -> Buffers:
        """One sample a pixel, at its centre, of a pinhole that stands still; nothing blends."""
        cycles, layer = bpy.context.scene.cycles, bpy.context.view_layer
        samples, denoises = cycles.samples, cycles.use_denoising
        cycles.samples, cycles.use_denoising, layer.cycles.use_denoising = 1, False, False
        layer.use_pass_normal = self.has_normals
        try:
            with hard_opacity():
                buffers = self._render(replace(camera, aperture_m=0.0, motion=None), cycles_seed, "sharp")
        finally:
            cycles.samples, cycles.use_denoising, layer.cycles.use_denoising = samples, denoises, denoises
            layer.use_pass_normal = False
        if buffers.normals is None:
            return buffers
        return replace(buffers, normals=in_camera(buffers.normals, camera))

    def _render(self, camera: Camera, cycles_seed: int, name: str = "trace") -> Buffers:
        set_camera(camera)
        frame_photos(camera)
        scene = bpy.context.scene
        scene.cycles.seed = cycles_seed
        scene.render.filepath = str(self.exr_path)
        try:
            with stage(name), self.quiet():
                bpy.ops.render.render(write_still=True)
            return read_buffers(self.exr_path)
        except (RuntimeError, OSError) as error:
            raise InfrastructureError(f"Blender could not render: {error}") from error
        finally:
            self.exr_path.unlink(missing_ok=True)


@contextmanager
def open_session(
    engine: Engine,
    library: Library,
    threads: int = 0,
    *,
    has_normals: bool = False,
    quiet: Callable[[], AbstractContextManager[None]] = silence,
) -> Iterator[BlenderSession]:
    """Start Blender in this process, or take the one already started, with an engine's settings.

    Args:
        threads: CPU threads that Cycles uses; 0 takes all.
        has_normals: whether the buffers of its views are to have normals.
        quiet: keeps what Blender prints during a render away from standard output.

    Raises:
        DeviceError: the engine asks for a GPU and there is none.
    """
    start_blender()
    with silence():
        device = select_device(engine.device)
        _set_engine(engine, threads)
    with scratch_folder() as folder:
        exr_path = folder / "view.exr"
        yield BlenderSession(
            library=library, device=device, exr_path=exr_path, has_normals=has_normals, quiet=quiet
        )


def _set_engine(engine: Engine, threads: int) -> None:
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
    scene.cycles.use_adaptive_sampling = False
    scene.cycles.caustics_reflective = scene.cycles.caustics_refractive = False
    scene.cycles.sample_clamp_indirect = INDIRECT_CLAMP
    scene.cycles.use_denoising = layer.cycles.use_denoising = engine.denoise
    scene.render.use_persistent_data = False
    layer.use_pass_object_index = layer.use_pass_z = True
    layer.pass_alpha_threshold = OWNING_OPACITY
    scene.render.use_file_extension = False
    api.set_output_format(file_format="OPEN_EXR_MULTILAYER", color_depth=32)
    scene.render.image_settings.exr_codec = "NONE"
