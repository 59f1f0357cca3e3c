"""Frozen batch norm, folded into the convolutions: the same function, without its passes over memory."""

import torch
from torch import Tensor, nn


def fold_norms(module: nn.Module) -> None:
    """Replace each convolution and batch norm that follow each other in a Sequential by one convolution.

    The norm's running statistics are frozen: convolutions with biases are trained in their place.
    """
    for child in module.modules():
        if isinstance(child, nn.Sequential):
            _fold_sequence(child)


def _fold_sequence(sequence: nn.Sequential) -> None:
    for number in range(len(sequence) - 1):
        convolution, norm = sequence[number], sequence[number + 1]
        if isinstance(convolution, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
            _fold(convolution, norm)
            sequence[number + 1] = nn.Identity()


@torch.no_grad()
def _fold(convolution: nn.Conv2d, norm: nn.BatchNorm2d) -> None:
    scale, shift = norm_scale_and_shift(norm)
    bias = torch.zeros_like(shift) if convolution.bias is None else convolution.bias
    convolution.weight.mul_(scale[:, None, None, None])
    convolution.bias = nn.Parameter(bias * scale + shift)


def norm_scale_and_shift(norm: nn.BatchNorm2d) -> tuple[Tensor, Tensor]:
    """The affine map, per channel, that a batch norm is once its statistics are frozen."""
    assert norm.running_mean is not None
    assert norm.running_var is not None
    scale = norm.weight * (norm.running_var + norm.eps).rsqrt()
    return scale, norm.bias - norm.running_mean * scale
