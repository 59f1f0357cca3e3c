"""EfficientNet-Lite0 as a feature extractor (Tan and Le 2019, without squeeze-and-excitation, with ReLU6)."""

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

STEM_CHANNELS = 32
NORM_EPS = 1e-3  # of the published weights
MEAN, STD = 127.0, 128.0  # of the published weights, for values in [0, 255]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Blocks of one kind: `repeats` of them, of which the first has the stride."""

    kernel: int
    stride: int
    expansion: int
    channels: int
    repeats: int


STAGES = (
    Stage(kernel=3, stride=1, expansion=1, channels=16, repeats=1),
    Stage(kernel=3, stride=2, expansion=6, channels=24, repeats=2),
    Stage(kernel=5, stride=2, expansion=6, channels=40, repeats=2),
    Stage(kernel=3, stride=2, expansion=6, channels=80, repeats=3),
    Stage(kernel=5, stride=1, expansion=6, channels=112, repeats=3),
    Stage(kernel=5, stride=2, expansion=6, channels=192, repeats=4),
    Stage(kernel=3, stride=1, expansion=6, channels=320, repeats=1),
)
# Pyramid level l has stride 2**l: the last stage of each stride, and its channels.
STAGE_OF_LEVEL = {2: 1, 3: 2, 4: 4, 5: 6}
CHANNELS_OF_LEVEL = {level: STAGES[stage].channels for level, stage in STAGE_OF_LEVEL.items()}


class SamePadConv2d(nn.Conv2d):
    """A convolution padded as TensorFlow does, on the right and below first, as the published weights expect.

    Exact for stride 1, and for stride 2 on inputs of even height and width.
    """

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002  # torch's name
        """Pad unevenly where the stride is 2, and convolve."""
        if self.groups > 1 and input.device.type == "cpu" and torch.is_autocast_enabled("cpu"):
            # oneDNN's bf16 backward of a depthwise convolution takes 2 to 6 times as long as the fp32 one
            with torch.autocast("cpu", enabled=False):
                return self._convolve(input.float())
        return self._convolve(input)

    def _convolve(self, features: Tensor) -> Tensor:
        before = (self.kernel_size[0] - self.stride[0]) // 2
        if self.stride[0] == 1:
            return functional.conv2d(features, self.weight, self.bias, 1, before, 1, self.groups)
        after = self.kernel_size[0] - self.stride[0] - before
        padded = functional.pad(features, (before, after, before, after))
        return functional.conv2d(padded, self.weight, self.bias, self.stride, 0, 1, self.groups)


class InvertedResidual(nn.Module):
    """Expand by 1x1, convolve each channel, project by 1x1; add the input where shapes allow."""

    def __init__(self, in_channels: int, channels: int, stage: Stage, stride: int) -> None:
        super().__init__()
        hidden = in_channels * stage.expansion
        layers: list[nn.Module] = []
        if stage.expansion != 1:
            layers += _convolution(in_channels, hidden, kernel=1)
        layers += _convolution(hidden, hidden, kernel=stage.kernel, stride=stride, groups=hidden)
        layers += _convolution(hidden, channels, kernel=1)[:2]
        self.layers = nn.Sequential(*layers)
        self.is_residual = stride == 1 and in_channels == channels

    def forward(self, features: Tensor) -> Tensor:
        """Keep the shape (B, C, H, W), or halve H and W with stride 2."""
        out: Tensor = self.layers(features)
        return features + out if self.is_residual else out


class EfficientNetLite0(nn.Module):
    """The stages of EfficientNet-Lite0 up to the coarsest level that is asked for."""

    def __init__(self, levels: Iterable[int]) -> None:
        super().__init__()
        self.levels = tuple(levels)
        self.stem = nn.Sequential(*_convolution(3, STEM_CHANNELS, kernel=3, stride=2))
        self.stages = nn.ModuleList()
        in_channels = STEM_CHANNELS
        for stage in STAGES[: STAGE_OF_LEVEL[max(self.levels)] + 1]:
            blocks = []
            for number in range(stage.repeats):
                stride = stage.stride if number == 0 else 1
                blocks.append(InvertedResidual(in_channels, stage.channels, stage, stride))
                in_channels = stage.channels
            self.stages.append(nn.Sequential(*blocks))

    def forward(self, images: Float[Tensor, "B 3 H W"]) -> dict[str, Tensor]:
        """Features by level ('2' is stride 4), of normalized images whose sides are multiples of 32."""
        features = self.stem(images)
        by_stage = {}
        for number, stage in enumerate(self.stages):
            features = stage(features)
            by_stage[number] = features
        return {str(level): by_stage[STAGE_OF_LEVEL[level]] for level in self.levels}


def _convolution(
    in_channels: int, channels: int, *, kernel: int, stride: int = 1, groups: int = 1
) -> list[nn.Module]:
    return [
        SamePadConv2d(in_channels, channels, kernel, stride, bias=False, groups=groups),
        nn.BatchNorm2d(channels, eps=NORM_EPS),
        nn.ReLU6(inplace=True),
    ]


def load_published(backbone: EfficientNetLite0, published: dict[str, Tensor]) -> None:
    """Fill a backbone from the published tensors, which come in the same order under other names.

    Raises:
        ValueError: a tensor has another shape than expected.
    """
    own = backbone.state_dict()
    values = [t for name, t in published.items() if not name.endswith("num_batches_tracked")]
    names = [name for name in own if not name.endswith("num_batches_tracked")]
    with torch.no_grad():
        for name, value in zip(names, values, strict=False):  # the classifier's tensors are left over
            if own[name].shape != value.shape:
                raise ValueError(f"{name} must have shape {tuple(own[name].shape)}, got {tuple(value.shape)}")
            own[name].copy_(value)
