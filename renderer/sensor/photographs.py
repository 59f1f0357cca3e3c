"""Taking an image: a camera that corrects its exposure where the image would show too little."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from jaxtyping import Float, UInt8
from torch import Tensor

from renderer.scene import SensorValues
from renderer.sensor.exposure import exposed_shares
from renderer.sensor.pipeline import develop, sketch

EV_STEPS = tuple(step / 8 for step in range(-14 * 8, 14 * 8 + 1))  # by which an exposure may be moved
SKETCHED_PIXELS = 4096
SKETCH_GRAIN = 0.002  # of share, asked for at least beyond the last time
CORRECTIONS = 6  # images developed for one that shows too little, at most


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Photographs:
    """Images, and the exposure that each got, in EV over what the meter suggests."""

    images: UInt8[Tensor, "b 3 h w"]
    exposures_ev: Sequence[float]


def photograph(
    radiance: Float[Tensor, "b 3 h w"], values: Sequence[SensorValues], noise_seeds: Sequence[int]
) -> Photographs:
    """Take images as a camera with these values does, each exposed so that it shows enough.

    Where more than its `exposed_share` allows is clipped or crushed, the exposure is moved by as little as
    helps; where none helps enough, it becomes the best. An image that needs no help keeps all its bytes.

    Args:
        radiance: linear Rec. 709.
        values: of each image.
        noise_seeds: of each image; equal seeds give equal noise on any device.
    """
    images, exposures_ev = develop(radiance, values, noise_seeds), [v.exposure_ev for v in values]
    shares = exposed_shares(images).tolist()
    poor = [n for n, v in enumerate(values) if v.exposed_share is not None and shares[n] < v.exposed_share]
    for n in poor:
        images[n], exposures_ev[n] = _exposed(radiance[n : n + 1], values[n], noise_seeds[n], images[n])
    return Photographs(images=images, exposures_ev=exposures_ev)


def _exposed(
    radiance: Float[Tensor, "1 3 h w"], values: SensorValues, noise_seed: int, image: UInt8[Tensor, "3 h w"]
) -> tuple[UInt8[Tensor, "3 h w"], float]:
    """Move the exposure to where a sketch of the image shows enough, and see whether the image does.

    Where it does not, for noise, sharpening or compression, the sketch is asked for twice what is missing.
    """
    asked = values.exposed_share
    assert asked is not None, "an image without a share to reach is not corrected"
    shares = exposed_shares(sketch(radiance, values, EV_STEPS, SKETCHED_PIXELS)).tolist()
    best, best_ev, best_share = image, values.exposure_ev, float(exposed_shares(image[None]))
    wanted = asked
    for _ in range(CORRECTIONS):
        chosen = _nearest(shares, wanted)
        exposure_ev = values.exposure_ev + EV_STEPS[chosen]
        tried = develop(radiance, [replace(values, exposure_ev=exposure_ev)], [noise_seed])
        share = float(exposed_shares(tried))
        if share > best_share:
            best, best_ev, best_share = tried[0], exposure_ev, share
        if share >= asked or shares[chosen] < wanted:
            break
        wanted = shares[chosen] + 2 * (asked - share) + SKETCH_GRAIN
    return best, best_ev


def _nearest(shares: Sequence[float], wanted: float) -> int:
    """The smallest step at which a share is reached, of two alike the brighter; else that of the largest."""
    reached = [n for n, share in enumerate(shares) if share >= wanted]
    if not reached:
        most = max(shares)
        reached = [n for n, share in enumerate(shares) if share == most]
    return min(reached, key=lambda n: (abs(EV_STEPS[n]), -EV_STEPS[n]))
