"""The schema of a recipe: every key with its default, unit, range and help, once.

YAML files hold choices; what they leave out comes from here. A default is written in factor syntax.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from renderer.recipe.distributions import Distribution
from renderer.recipe.execution import STORES, Execution
from renderer.recipe.imaging import Camera, Sensor
from renderer.recipe.keys import group, named_map, relations, setting
from renderer.recipe.lighting import Lighting
from renderer.recipe.objects import ObjectKind
from renderer.recipe.places import Layout, Surface

BOXES = ("visible", "amodal", "amodal_clipped")
MAPS = ("instances", "semantic", "depth", "normals")
DENOISERS = ("openimagedenoise", "optix")
QUALITIES = ("high", "balanced", "fast")
GUIDES = ("prefiltered", "noisy", "none")
SHOT_DENOISING = ("each", "groups", "none")


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """Which objects become annotations."""

    min_pixels: int = setting(16, int, unit="px", low=1, help="fewer visible pixels: flagged, not annotated")
    min_face_margin: float = setting(
        0.35, float, low=0, high=1,
        help="a die whose upper face is less ahead of the next one is ignored: neither object nor background",
    )  # fmt: skip
    min_face_visibility: float = setting(
        0.25, float, low=0, high=1,
        help="a die of whose upper face less can be seen is ignored: neither object nor background",
    )  # fmt: skip
    min_visibility: float = setting(
        0.0, float, low=0, high=1, help="a smaller share of the whole object is seen: flagged, not annotated"
    )
    box: str = setting(
        "visible", str, options=BOXES, help="which box is exported; of the whole object, or clipped"
    )
    maps: list[str] = setting(
        [], list, item=str, options=MAPS, scalar=True, help="images of labels that are written for each frame"
    )
    device: str = setting("auto", str, options=("auto", "cpu", "cuda", "mps"), help="where torch labels")


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """Blender's Cycles."""

    samples: int = setting(4, int, low=1, high=65536, help="camera samples a pixel")
    noise_threshold: float | None = setting(
        None, float, low=1e-4, high=1, optional=True,
        help="pixels whose noise falls below get no more samples; null: all get as many",
    )  # fmt: skip
    min_samples: int = setting(
        0, int, low=0, high=65536, help="samples before noise_threshold is asked; 0 leaves it to Cycles"
    )
    max_bounces: int = setting(4, int, low=0, high=128, help="longest light path")
    light_tree: bool = setting(
        False, bool, help="samples go to lights by what they give a place: where there are many of them"
    )
    denoise: bool = setting(True, bool, help="denoise, with OpenImageDenoise or OptiX")
    denoiser: str = setting(
        "openimagedenoise", str, options=DENOISERS, help="who denoises; optix needs a GPU of NVIDIA's"
    )
    denoise_quality: str = setting("balanced", str, options=QUALITIES, help="of OpenImageDenoise")
    denoise_guides: str = setting(
        "noisy", str, options=GUIDES,
        help="colours and normals that it goes by: denoised themselves first, as noisy as the image, or none",
    )  # fmt: skip
    denoise_shots: str = setting(
        "each", str, options=SHOT_DENOISING,
        help="of shots that change lights: each, its light groups once for all of them, or none",
    )  # fmt: skip
    device: str = setting("auto", str, options=("auto", "cpu", "gpu"), help="where Cycles traces")


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """Where `when` holds, the factor is drawn from `draw` and not as its own key says."""

    factor: str
    when: str
    draw: Distribution


@dataclass(frozen=True, slots=True, kw_only=True)
class Correlation:
    """Factors with a common cause: the scores of two correlate by the product of their loadings."""

    factors: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """A distribution over scenes and all that is needed to render from it."""

    name: str = setting("unnamed", str, help="name of the recipe")
    frames: int = setting(8, int, low=1, high=10**9, help="number of frames")
    first_frame: int = setting(0, int, low=0, high=10**9, help="index of the first frame")
    seed: int = setting(0, int, low=0, high=2**63 - 1, help="seed of every draw")
    out: str = setting("outputs/unnamed", str, help="folder to write to")
    store: str = setting(
        "files", str, options=STORES, help="a file for each image and record, or WebDataset's tar files"
    )
    shard_frames: int = setting(
        256, int, low=1, high=10**6, help="frames of a tar file, where store=webdataset; scenes stay whole"
    )
    dry_run: bool = setting(False, bool, help="sample scenes and statistics, never start Blender")
    profile: bool = setting(False, bool, help="print at the end where the time of a frame went")
    views: int = setting(1, int, low=1, high=10000, help="views of a scene")
    shots: int = setting(1, int, low=1, high=10000, help="shots of a view")
    objects: Mapping[str, ObjectKind] = named_map("objects", {"path": None})  # a path for all meshes
    layout: Layout = group()
    surface: Surface = group()
    lighting: Lighting = group()
    camera: Camera = group()
    sensor: Sensor = group()
    labels: Labels = group()
    engine: Engine = group()
    execution: Execution = group()
    conditions: Mapping[str, Condition] = relations()
    correlations: Mapping[str, Correlation] = relations()
    constraints: Mapping[str, str] = relations()


# Not part of a dataset's identity: they say how much, where and by whom, not what.
RUN_KEYS = frozenset({"name", "frames", "first_frame", "out", "store", "shard_frames", "dry_run", "profile"})
EXPORT_KEYS = frozenset({"labels.box"})  # frames are the same, annotations are not
FOLDER_KEYS = frozenset(
    {"lighting.environment.folder", "surface.image_folder", "surface.pbr_folder", "surface.photo_folder"}
)
DEVICE_KEYS = frozenset({"engine.device", "labels.device"})
