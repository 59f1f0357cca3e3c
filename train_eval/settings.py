"""The schema of training, evaluation, the gap, prediction and export: groups, defaults, units and help."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from renderer.errors import RecipeError
from renderer.recipe.keys import group, interval, setting

DEVICES = ("auto", "cpu", "cuda", "mps")
PROBABILITY = {"low": 0, "high": 1}
SETS: dict[str, Any] = {"item": str, "scalar": True, "required": "SET"}
LABELLED = "a gapless dataset, COCO json, Pascal VOC folder or YOLO data.yaml; or [SET,SET]"
RENAMED = "other names of categories: {theirs: ours}; null leaves one out"
BAD_DATA = {"options": ("stop", "skip"), "help": "what a bad image or label does"}
SEEDS = {"low": 0, "high": 2**63 - 1}
RESAMPLES = {"low": 100, "high": 10**6, "help": "of the bootstrap"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Augmentation:
    """What happens to a training image: geometry first, then pasted objects, light, and the camera.

    Factors are drawn log-uniformly (half and double are equally likely), all other ranges uniformly.
    """

    scale: list[float] = interval([0.7, 1.4], low=0.05, high=20, help="factor on the size")
    aspect: list[float] = interval([0.9, 1.1], low=0.2, high=5, help="factor on width over height")
    flip_probability: float = setting(
        0.0, float, **PROBABILITY, help="how often left and right are swapped; text and handedness forbid it"
    )
    rotation_deg: list[float] = interval(
        [-10.0, 10.0], unit="deg", low=-180, high=180, help="turn in the image plane, clockwise"
    )
    rotation_probability: float = setting(0.3, float, **PROBABILITY, help="how often an image is turned")
    object_crop_probability: float = setting(
        0.7, float, **PROBABILITY, help="how often a crop is laid so that it holds some object"
    )
    min_visible: float = setting(
        0.35, float, **PROBABILITY, help="an object of which less than this share is left is ignored"
    )
    copy_paste_probability: float = setting(
        0.0, float, **PROBABILITY, help="how often objects of another image are pasted in; needs masks"
    )
    copy_paste_max: int = setting(4, int, low=1, high=100, help="most objects pasted at once")
    photometric_probability: float = setting(
        0.8, float, **PROBABILITY, help="how often light is changed: brightness to gamma, together"
    )
    brightness: list[float] = interval([0.7, 1.3], low=0.01, high=10, help="factor on the values")
    contrast: list[float] = interval(
        [0.75, 1.3], low=0.01, high=10, help="factor on the distance to the mean grey"
    )
    saturation: list[float] = interval([0.6, 1.4], low=0, high=10, help="multiplies the distance to grey")
    hue: list[float] = interval([-0.03, 0.03], low=-0.5, high=0.5, help="shift in turns of the colour circle")
    white_balance: list[float] = interval([0.87, 1.15], low=0.1, high=10, help="factor on red, and on blue")
    gamma: list[float] = interval([0.8, 1.25], low=0.1, high=10, help="exponent on the values, a factor too")
    grayscale_probability: float = setting(0.02, float, **PROBABILITY, help="how often colour goes")
    blur_probability: float = setting(0.3, float, **PROBABILITY, help="how often the lens blurs")
    blur_sigma_px: list[float] = interval(
        [0.2, 1.2], unit="px", low=0, high=50, help="standard deviation of a Gaussian"
    )
    noise_probability: float = setting(0.3, float, **PROBABILITY, help="how often the sensor is noisy")
    noise_std: list[float] = interval([0.0, 0.03], low=0, high=1, help="standard deviation, of full scale")
    jpeg_probability: float = setting(0.3, float, **PROBABILITY, help="how often it is compressed")
    jpeg_quality: list[float] = interval([40.0, 95.0], low=1, high=100, help="quality of a JPEG round trip")


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """The detector."""

    architecture: str = setting(
        "fcos", str, options=("fcos", "retinanet", "faster_rcnn", "mask_rcnn"), help="torchvision's detector"
    )
    backbone: str = setting(
        "efficientnet_lite0", str, options=("efficientnet_lite0", "resnet50"),
        help="efficientnet_lite0 works offline; resnet50 is torchvision's own detector, pretrained on COCO",
    )  # fmt: skip
    pretrained: bool = setting(True, bool, help="begin with published weights; false: with random ones")
    fpn_channels: int = setting(96, int, low=8, high=1024, help="channels of the feature pyramid")
    head_convolutions: int = setting(2, int, low=1, high=8, help="convolutions of a head before its output")
    first_level: int | None = setting(
        None, int, low=2, high=5, optional=True,
        help="finest level, of stride 2**level px; null takes it from the data's boxes",
    )  # fmt: skip
    last_level: int | None = setting(
        None, int, low=2, high=5, optional=True, help="coarsest level; null takes it from the data's boxes"
    )
    frozen_stages: int = setting(3, int, low=0, high=7, help="stages of the backbone that are not trained")

    def __post_init__(self) -> None:
        """Refuse a pyramid without levels."""
        first, last = self.first_level, self.last_level
        if first is not None and last is not None and first > last:
            raise RecipeError(
                f"model.first_level must not exceed model.last_level, got {first} > {last}: swap them"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Optimization:
    """How the weights change."""

    learning_rate: float = setting(1e-3, float, low=0, high=10, help="of AdamW, at its highest")
    backbone_factor: float = setting(
        0.3, float, low=0, high=10, help="factor on the backbone's learning rate"
    )
    weight_decay: float = setting(0.05, float, low=0, high=1, help="decoupled; none on norms and biases")
    warmup_iterations: int = setting(50, int, low=0, help="linear rise of the learning rate")
    final_factor: float = setting(0.02, float, **PROBABILITY, help="learning rate at the end of the cosine")
    clip_norm: float = setting(5.0, float, low=0, help="gradients are scaled down to this norm; 0: never")
    ema_decay: float = setting(
        0.99, float, low=0, high=0.99999, help="of the averaged weights; 0: no average"
    )
    precision: str = setting(
        "auto", str, options=("auto", "fp32", "bf16"), help="auto: bf16 where the processor computes in it"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Regime:
    """How a detector is trained, whatever the data: what `gapless train` and `gapless gap` have in common."""

    out: str = setting("outputs/train", str, help="folder to write to")
    iterations: int = setting(
        500, int, low=1, high=10**9, help="steps of the optimizer; never chosen by a score"
    )
    batch_size: int = setting(8, int, low=1, high=65536, help="images a step, over all processes")
    image_size_px: int = setting(320, int, unit="px", low=64, high=4096, help="side of a training image")
    resize: str = setting(
        "auto", str, options=("auto", "fit", "native"),
        help="fit the longer side to image_size_px, or crop at native scale; auto crops where fitted "
        "objects would be too small",
    )  # fmt: skip
    seed: int = setting(0, int, **SEEDS, help="seed of weights, order and augmentation")
    category_map: Mapping[str, str | None] = setting({}, dict, help=RENAMED)
    on_bad_data: str = setting("stop", str, **BAD_DATA)
    device: str = setting("auto", str, options=DEVICES, help="where torch trains")
    workers: int = setting(1, int, low=0, high=256, help="processes that load images")
    checkpoint_every: int = setting(100, int, low=1, high=10**9, help="iterations between checkpoints")
    model: Model = group()
    optimization: Optimization = group()
    augmentation: Augmentation = group()


@dataclass(frozen=True, slots=True, kw_only=True)
class Training(Regime):
    """`gapless train`."""

    data: list[str] = setting([], list, **SETS, help=LABELLED)
    initial_checkpoint: str | None = setting(
        None, str, optional=True, help="begin with the weights of this checkpoint"
    )


ARMS = ("synthetic_only", "real_only", "real_and_synthetic", "synthetic_then_real")


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap(Regime):
    """`gapless gap`: a regime, and what it is repeated for."""

    out: str = setting("outputs/gap", str, help="folder to write to")
    synthetic: list[str] = setting([], list, **SETS, help="rendered training images, or [SET,SET]")
    real_train: list[str] = setting([], list, **SETS, help="real training photographs, or [SET,SET]")
    real_test: list[str] = setting([], list, **SETS, help="real test photographs, or [SET,SET]")
    arms: list[str] = setting(
        list(ARMS), list, scalar=True, options=ARMS, required="ARM", help="which arms to train, or [ARM,ARM]"
    )
    seeds: int = setting(2, int, low=1, high=1000, help="trainings of an arm, with seeds seed, seed + 1 ...")
    margin_ap: float = setting(
        3.0, float, low=0, high=100, help="non-inferior: not worse by more AP than this"
    )
    resamples: int = setting(1000, int, **RESAMPLES)

    def __post_init__(self) -> None:
        """Refuse two stages of a single iteration."""
        if "synthetic_then_real" in self.arms and self.iterations < 2:
            raise RecipeError(
                f"iterations must be 2 or more for the arm synthetic_then_real, got {self.iterations}: "
                "it has two stages"
            )


def training_of(regime: Regime, *, data: list[str], **changes: Any) -> Training:
    """A training on `data` under a regime, with other values of some keys, such as `out` and `seed`."""
    shared = {field.name: getattr(regime, field.name) for field in fields(Regime)}
    return Training(**{"initial_checkpoint": None, **shared, "data": data, **changes})


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """`gapless evaluate`."""

    checkpoint: str = setting("", str, required="FILE", help="checkpoint.pt of gapless train")
    data: list[str] = setting([], list, **SETS, help=LABELLED)
    out: str = setting("outputs/evaluate", str, help="folder to write to")
    category_map: Mapping[str, str | None] = setting({}, dict, help=RENAMED)
    on_bad_data: str = setting("stop", str, **BAD_DATA)
    device: str = setting("auto", str, options=DEVICES, help="where torch computes")
    batch_size: int = setting(4, int, low=1, high=65536, help="images at once")
    resamples: int = setting(1000, int, **RESAMPLES)
    seed: int = setting(0, int, **SEEDS, help="seed of the bootstrap")


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """`gapless predict`."""

    checkpoint: str = setting("", str, required="FILE", help="checkpoint.pt of gapless train")
    images: list[str] = setting(
        [],
        list,
        item=str,
        scalar=True,
        required="PATH",
        help="a photograph, a folder or a SET, or [PATH,PATH]",
    )
    out: str = setting("outputs/predict", str, help="folder to write to")
    score_threshold: float = setting(
        0.3, float, **PROBABILITY, help="detections of a lower score are not shown"
    )
    max_overlap: float = setting(
        0.6, float, **PROBABILITY, help="a detection that overlaps a surer one by more (IoU) is not shown"
    )
    max_pictures: int = setting(50, int, low=0, high=10**6, help="pictures with boxes drawn; 0: none")
    device: str = setting("auto", str, options=DEVICES, help="where torch computes")
    batch_size: int = setting(4, int, low=1, high=65536, help="images at once")


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """`gapless export-model`."""

    checkpoint: str = setting("", str, required="FILE", help="checkpoint.pt of gapless train")
    out: str = setting("outputs/model.onnx", str, suffix=".onnx", help="file to write")
    image_size_px: int | None = setting(
        None, int, unit="px", low=64, high=4096, optional=True, help="side of an image; null: as in training"
    )
    opset: int = setting(18, int, low=18, high=23, help="version of ONNX's operators")
    tolerance: float = setting(
        1e-3, float, low=0, high=1, help="largest relative difference of onnxruntime's output from torch's"
    )
