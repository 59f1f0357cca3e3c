"""The backbone computes what its published weights were made for: it is written here a second time."""

import math
from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from renderer.errors import DataError
from train_eval.models import weights
from train_eval.models.efficientnet_lite import EfficientNetLite0, load_published
from train_eval.models.weights import published_efficientnet

# Tan and Le 2019, EfficientNet, table 1: the stride and the number of blocks of each stage.
STAGES = [(1, 1), (2, 2), (2, 2), (2, 3), (1, 3), (2, 4), (1, 1)]
LAST_BLOCK_OF_LEVEL = {"2": 2, "3": 4, "4": 10, "5": 15}


@pytest.fixture(scope="module")
def published() -> dict[str, Tensor]:
    return published_efficientnet()


def same_padded(features: Tensor, kernel: int, stride: int) -> Tensor:
    """TensorFlow's SAME: as many outputs as the size over the stride, the odd zero on the right and below."""
    pads = []
    for size in (features.shape[3], features.shape[2]):
        total = max(0, (math.ceil(size / stride) - 1) * stride + kernel - size)
        pads += [total // 2, total - total // 2]
    return functional.pad(features, pads)


def convolved(features: Tensor, p: dict[str, Tensor], names: tuple[str, str], stride: int = 1) -> Tensor:
    """A convolution and its batch norm, by their published names."""
    weight = p[f"{names[0]}.weight"].double()
    groups = features.shape[1] // weight.shape[1]
    padded = same_padded(features, weight.shape[-1], stride)
    out = functional.conv2d(padded, weight, stride=stride, groups=groups)
    mean, var, gain, shift = (
        p[f"{names[1]}.{part}"].double()[:, None, None]
        for part in ("running_mean", "running_var", "weight", "bias")
    )
    return (out - mean) / torch.sqrt(var + 1e-3) * gain + shift


def relu6(features: Tensor) -> Tensor:
    return features.clamp(0, 6)


def features_of(image: Tensor, p: dict[str, Tensor]) -> dict[str, Tensor]:
    """Features by level, in double precision."""
    features = relu6(convolved(image.double(), p, ("_conv_stem", "_bn0"), 2))
    strides = [stride if n == 0 else 1 for stride, blocks in STAGES for n in range(blocks)]
    after = []
    for number, stride in enumerate(strides):
        block = f"_blocks.{number}"
        hidden = features
        if f"{block}._expand_conv.weight" in p:
            hidden = relu6(convolved(hidden, p, (f"{block}._expand_conv", f"{block}._bn0")))
        hidden = relu6(convolved(hidden, p, (f"{block}._depthwise_conv", f"{block}._bn1"), stride))
        out = convolved(hidden, p, (f"{block}._project_conv", f"{block}._bn2"))
        features = features + out if out.shape == features.shape else out
        after.append(features)
    return {level: after[block] for level, block in LAST_BLOCK_OF_LEVEL.items()}


def test_features_are_those_of_the_published_network(published):
    backbone = EfficientNetLite0([2, 3, 4, 5]).eval()
    load_published(backbone, published)
    image = torch.randn(1, 3, 64, 96, generator=torch.manual_seed(0))
    with torch.no_grad():
        ours = backbone(image)
        expected = features_of(image, published)
    for level, features in expected.items():
        assert ours[level].shape[2:] == (64 // 2 ** int(level), 96 // 2 ** int(level))
        torch.testing.assert_close(
            ours[level].double(), features, rtol=1e-3, atol=1e-4 * float(features.abs().max())
        )


@pytest.mark.parametrize("content", [b"", b"no weights at all", b"PK\x03\x04 cut off"])
def test_weights_that_cannot_be_read_are_named(tmp_path, monkeypatch, content):
    path = tmp_path / "weights.pth"
    path.write_bytes(content)

    class Elsewhere:
        @staticmethod
        def get_model_file_path() -> Path:
            return path

    monkeypatch.setattr(weights, "EfficientnetLite0ModelFile", Elsewhere)
    with pytest.raises(DataError, match="weights.pth must hold EfficientNet-Lite0 weights"):
        published_efficientnet()
