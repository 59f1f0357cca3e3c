"""Denoising what Cycles does not: it denoises the whole image of a trace, and no light groups or shots.

OpenImageDenoise through `pyoidn`, on the processor.
"""

import functools
import threading
from dataclasses import dataclass
from typing import Any

import numpy as np
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
    """

    quality: str = "high"
    threads: int = 0


@stage("denoise")
def denoise(radiance: Image, guides: Guides, denoiser: Denoiser) -> Image:
    """An image, linear and of any brightness, without its noise.

    Raises:
        RuntimeError: OpenImageDenoise failed.
    """
    images = {"color": radiance, "albedo": guides.albedo, "normal": guides.normals}
    return _filtered("color", images, denoiser, are_clean=guides.are_clean)


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
        device, oidn = _oidn(denoiser.threads, purpose)
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
def _oidn(threads: int, purpose: str) -> tuple[Any, Any]:
    """The processor with so many threads and a filter for each purpose; they last as long as the process.

    Threads are not pinned: the workers of a machine would all take its first cores.
    """
    import pyoidn  # noqa: PLC0415 - see above

    device = pyoidn.Device()
    device.set_bool("setAffinity", False)
    device.set_int("numThreads", threads)
    device.commit()
    return device, pyoidn.Filter(device)
