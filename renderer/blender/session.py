"""A long-lived Blender: started once, given one scene after another, emptied in between."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import bpy
import numpy as np

from renderer.blender.camera import set_camera
from renderer.blender.device import select_device
from renderer.blender.engine import set_engine, settings
from renderer.blender.framing import frame_photos
from renderer.blender.illumination import Illumination
from renderer.blender.lights import add_caster
from renderer.blender.meshes import LARGEST_ID, Copies, move_model
from renderer.blender.missing import MissingImages
from renderer.blender.opacity import blends, hard_opacity
from renderer.blender.passes import Channels, buffers_of, in_camera, read_channels
from renderer.blender.place import Place
from renderer.blender.runtime import return_freed_memory, silence, start_blender
from renderer.blender.scratch import scratch_folder
from renderer.buffers import Buffers
from renderer.catalog.library import Library
from renderer.catalog.scene_models import SceneModels, scene_models
from renderer.denoising import Denoiser, denoise, prefiltered
from renderer.errors import InfrastructureError, RecipeError
from renderer.lens.source import ID_DENSITY, source_of
from renderer.lens.warp import warp_buffers
from renderer.recipe.schema import Engine
from renderer.scene import Camera, Scene, View
from renderer.stopwatch import stage


@dataclass(frozen=True, slots=True, kw_only=True)
class BlenderSession:
    """What renders: `build` a scene, `trace` its views, `clear`.

    Attributes:
        device: what Cycles traces on, in words.
        exr_path: where Blender leaves a view's passes for a moment.
        threads: of the processor; 0 takes all.
        has_normals: whether a view's buffers have normals, which take a sharp trace of every view.
        quiet: keeps what Blender prints during a render away from standard output.
    """

    library: Library
    engine: Engine
    device: str
    exr_path: Path
    threads: int = 0
    has_normals: bool = False
    quiet: Callable[[], AbstractContextManager[None]] = silence
    _ids: dict[str, int] = field(default_factory=dict, init=False)
    _place: Place = field(default_factory=Place, init=False)
    _missing: MissingImages = field(default_factory=MissingImages, init=False)
    _illumination: Illumination = field(default_factory=Illumination, init=False)

    @property
    def denoiser(self) -> Denoiser:
        """Of what Cycles leaves to us: light groups, and shots made of them."""
        return Denoiser(
            quality=self.engine.denoise_quality,
            threads=self.threads,
            uses_guides=self.engine.denoise_guides != "none",
        )

    def build(self, scene: Scene, models: SceneModels | None = None) -> None:
        """Put a scene into the empty Blender; `clear` takes it out again.

        Args:
            models: those of the scene, where they are there already.

        Raises:
            RecipeError: there are more objects than Blender can number.
        """
        if len(scene.objects) > LARGEST_ID:
            raise RecipeError(
                f"a scene must have at most {LARGEST_ID} objects, got {len(scene.objects)}: "
                "Blender cannot number more"
            )
        # Later views find geometry and textures in place. Not beyond a scene: Cycles would keep what is gone.
        bpy.context.scene.render.use_persistent_data = len(scene.views) > 1
        models = models or scene_models(scene, self.library)
        self._place.build(scene.ground, models.ground)
        copies = Copies(models=models)
        self._ids.clear()
        for number, item in enumerate(scene.objects, start=1):
            copies.add(item, number)
            self._ids[item.name] = number
        self._illumination.build(scene, self.library)
        for caster in scene.casters:
            add_caster(caster)

    def clear(self) -> None:
        """Remove what a scene added; skies and the camera stay."""
        camera = bpy.context.scene.camera
        images = [i for i in bpy.data.images if i.source == "GENERATED"]
        bpy.data.batch_remove([*images, *(o for o in bpy.data.objects if o is not camera)])
        bpy.data.batch_remove([*bpy.data.meshes, *bpy.data.lights, *bpy.data.materials])
        self._illumination.clear()
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
        self._illumination.prepare(view)
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
            blurred, sharp = self._render_image(image.camera, seed), self._render_sharp(ids.camera, seed)
            return warp_buffers(self._with_clean_groups(blurred), image, sharp, ids)
        buffers = self._render_image(camera, seed)
        if self.engine.denoise_shots == "groups":
            buffers = self._with_clean_groups(buffers)
        if camera.aperture_m > 0 or camera.motion is not None or self.has_normals or blends():
            sharp = self._render_sharp(camera, seed)
            return replace(sharp, radiance=buffers.radiance, light_groups=buffers.light_groups)
        return buffers

    def _render_image(self, camera: Camera, cycles_seed: int) -> Buffers:
        """The image; where shots differ in light, that of each lamp apart, and nothing denoised by Cycles."""
        if not self._illumination.is_apart:
            return buffers_of(self._render(camera, cycles_seed))
        guides = self.engine.denoise and self.engine.denoise_shots != "none"
        with settings(denoise=False, guides=guides):
            channels = self._render(camera, cycles_seed)
        groups = self._illumination.read(channels, guides=guides)
        if groups.guides is not None and self.engine.denoise_guides == "prefiltered":
            groups = replace(groups, guides=prefiltered(groups.guides, self.denoiser))
        return replace(buffers_of(channels), radiance=groups.radiance.sum(axis=0), light_groups=groups)

    def _with_clean_groups(self, buffers: Buffers) -> Buffers:
        """Denoise each light group: where that is asked for, and before a lens bends the noise."""
        groups = buffers.light_groups
        if groups is None or groups.guides is None:
            return buffers
        images = [denoise(image, groups.guides, self.denoiser) for image in groups.radiance]
        clean = replace(groups, radiance=np.stack(images), guides=None)
        return replace(buffers, radiance=clean.radiance.sum(axis=0), light_groups=clean)

    def _render_sharp(self, camera: Camera, cycles_seed: int) -> Buffers:
        """One sample a pixel, at its centre, of a pinhole that stands still; nothing blends."""
        layer = bpy.context.view_layer
        layer.use_pass_normal = self.has_normals
        try:
            with settings(denoise=False, samples=1), hard_opacity():
                channels = self._render(replace(camera, aperture_m=0.0, motion=None), cycles_seed, "sharp")
        finally:
            layer.use_pass_normal = False
        buffers = buffers_of(channels)
        if buffers.normals is None:
            return buffers
        return replace(buffers, normals=in_camera(buffers.normals, camera))

    def _render(self, camera: Camera, cycles_seed: int, name: str = "trace") -> Channels:
        set_camera(camera)
        frame_photos(camera)
        scene = bpy.context.scene
        scene.cycles.seed = cycles_seed
        scene.render.filepath = str(self.exr_path)
        try:
            with stage(name), self.quiet():
                bpy.ops.render.render(write_still=True)
            return read_channels(self.exr_path)
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
        set_engine(engine, threads)
    with scratch_folder() as folder:
        exr_path = folder / "view.exr"
        yield BlenderSession(
            library=library,
            engine=engine,
            device=device,
            exr_path=exr_path,
            threads=threads,
            has_normals=has_normals,
            quiet=quiet,
        )
