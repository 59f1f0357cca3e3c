"""Denoising what Cycles does not: it denoises the whole image of a trace, and no light groups or shots.

OpenImageDenoise through `pyoidn`, on the processor or where torch has the image.
"""

import functools
import threading
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float32

from renderer.buffers import Guides
from renderer.stopwatch import stage

Image = Float32[np.ndarray, "h w 3"]
_one_at_a_time = threading.Lock()  # a filter keeps its images from when they are set until it has run


@dataclass(frozen=True, slots=True, kw_only=True)
class Denoiser:
    """How to denoise.

    Attributes:
        quality: high, balanced or fast.
        threads: of the processor; 0 takes all.
        uses_guides: whether it goes by them, or by the image alone.
    """

    quality: str = "high"
    threads: int = 0
    uses_guides: bool = True


@stage("denoise")
def denoise(radiance: Image, guides: Guides, denoiser: Denoiser) -> Image:
    """An image, linear and of any brightness, without its noise.

    Raises:
        RuntimeError: OpenImageDenoise failed.
    """
    if not denoiser.uses_guides:
        return _filtered("color", {"color": radiance}, denoiser)
    images = {"color": radiance, "albedo": guides.albedo, "normal": guides.normals}
    return _filtered("color", images, denoiser, are_clean=guides.are_clean)


@stage("denoise")
def denoise_tensor(
    radiance: Float32[torch.Tensor, "h w 3"], guides: Guides, denoiser: Denoiser
) -> Float32[torch.Tensor, "h w 3"]:
    """The same where the image is: on a GPU of NVIDIA's, or on the processor.

    Raises:
        RuntimeError: OpenImageDenoise failed.
    """
    device = radiance.device
    if device.type != "cuda":
        return torch.from_numpy(denoise(radiance.cpu().numpy(), guides, denoiser)).to(device)
    import pyoidn  # noqa: PLC0415 - see below

    clean: torch.Tensor
    if not denoiser.uses_guides:
        clean = pyoidn.denoise(radiance, hdr=True, quality=denoiser.quality)
        return clean
    albedo, normals = (torch.from_numpy(guide).to(device) for guide in (guides.albedo, guides.normals))
    clean = pyoidn.denoise(
        radiance, albedo, normals, hdr=True, clean_aux=guides.are_clean, quality=denoiser.quality
    )
    return clean


@stage("denoise")
def prefiltered(guides: Guides, denoiser: Denoiser) -> Guides:
    """Guides without noise: they cost as much again as an image, once for all that are denoised by them.

    Raises:
        RuntimeError: OpenImageDenoise failed.
    """
    return Guides(
        albedo=_filtered("albedo", {"albedo": guides.albedo}, denoiser),
        normals=_filtered("normal", {"normal": guides.normals}, denoiser),
        are_clean=True,
    )


def _filtered(
    purpose: str, images: dict[str, Image], denoiser: Denoiser, *, are_clean: bool = False
) -> Image:
    """What OpenImageDenoise makes of the image named `purpose`, by all of them."""
    import pyoidn  # noqa: PLC0415 - loads 50 MB, which only relit frames need

    contiguous = {name: np.ascontiguousarray(image) for name, image in images.items()}
    result = np.empty_like(contiguous[purpose])
    with _one_at_a_time:
        device, oidn = _oidn(denoiser.threads, tuple(contiguous))
        for name, image in {**contiguous, "output": result}.items():
            oidn.set_image(name, image, pyoidn.OIDN_FORMAT_FLOAT3)
        oidn.set_bool("hdr", purpose == "color")
        oidn.set_bool("cleanAux", are_clean)
        oidn.set_quality(getattr(pyoidn, f"OIDN_QUALITY_{denoiser.quality.upper()}"))
        oidn.commit()
        oidn.execute()
        error = device.get_error()
    if error is not None:
        raise RuntimeError(f"OpenImageDenoise: {error}")
    return result


@functools.cache
def _oidn(threads: int, images: tuple[str, ...]) -> tuple[Any, Any]:
    """The processor with so many threads and a filter of such images; they last as long as the process.

    Threads are not pinned: the workers of a machine would all take its first cores.
    """
    import pyoidn  # noqa: PLC0415 - see above

    device = pyoidn.Device()
    device.set_bool("setAffinity", False)
    device.set_int("numThreads", threads)
    device.commit()
    return device, pyoidn.Filter(device)
