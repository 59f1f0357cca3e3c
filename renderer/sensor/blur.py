"""Blurring light by a kernel."""

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import pad

from renderer.sensor.exposure import widest_float

FEW_TAPS = 120  # that are not 0: up to so many, a direct sum is faster than a Fourier transform


def convolve(image: Float[Tensor, "c h w"], kernel: Float[Tensor, "k k"]) -> Float[Tensor, "c h w"]:
    """Convolve each channel with an odd, centred kernel that is its own mirror image.

    Outside, the border's light goes on. The Fourier transform works in double precision: in single, a lamp
    of 10,000 times white would leave its rounding errors in all the shadows.
    """
    kernel = _without_empty_rim(kernel)
    if kernel.numel() == 1:
        return image
    rows, columns = kernel.shape[0] // 2, kernel.shape[1] // 2
    padded = pad(image[None], (columns, columns, rows, rows), mode="replicate")[0]
    if kernel.count_nonzero() <= FEW_TAPS or widest_float(image.device) != torch.float64:
        return weighted_sum(padded, kernel)
    return _convolve_by_fourier(padded.double(), kernel.to(image.device)).to(image.dtype)


def _without_empty_rim(kernel: Float[Tensor, "k k"]) -> Float[Tensor, "m n"]:
    """The middle of a kernel, without rows and columns that are empty on both sides: a line is narrow."""
    middle = kernel.shape[0] // 2
    rows = int((kernel.any(dim=1).nonzero() - middle).abs().max())
    columns = int((kernel.any(dim=0).nonzero() - middle).abs().max())
    return kernel[middle - rows : middle + rows + 1, middle - columns : middle + columns + 1]


def weighted_sum(padded: Float[Tensor, "c p q"], kernel: Float[Tensor, "m n"]) -> Float[Tensor, "c h w"]:
    """Of the neighbours of each pixel, wherever a kernel fits into the padded image.

    Not torch's convolution: that is slower for single channels here, and less exact on some GPUs.
    """
    height, width = (padded.shape[axis] - kernel.shape[axis] + 1 for axis in (-2, -1))
    total = padded.new_zeros(padded.shape[0], height, width)
    for y, x in kernel.nonzero().tolist():
        total.add_(padded[:, y : y + height, x : x + width], alpha=kernel[y, x].item())
    return total


def _convolve_by_fourier(
    padded: Float[Tensor, "c p q"], kernel: Float[Tensor, "m n"]
) -> Float[Tensor, "c h w"]:
    height, width = padded.shape[-2:]
    size = [_fast_length(height), _fast_length(width)]
    spectrum = torch.fft.rfft2(padded, s=size) * torch.fft.rfft2(kernel, s=size)
    whole: Tensor = torch.fft.irfft2(spectrum, s=size)
    return whole[:, kernel.shape[0] - 1 : height, kernel.shape[1] - 1 : width]


def _fast_length(length: int) -> int:
    """The next length with no prime factor over 5, for which Fourier transforms are fast."""
    while True:
        rest = length
        for factor in (2, 3, 5):
            while rest % factor == 0:
                rest //= factor
        if rest == 1:
            return length
        length += 1
