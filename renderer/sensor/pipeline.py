"""The steps of a camera, in their order."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from renderer.scene import SensorValues
from renderer.sensor.batch import apply, per_image
from renderer.sensor.exposure import BRIGHTEST, expose
from renderer.sensor.jpeg import compress
from renderer.sensor.optics import chromatic_aberration, defocus, motion_blur, vignette
from renderer.sensor.raw import balance, is_raw, through_raw, white_level, wrong_balance
from renderer.sensor.sharpness import rescale, sharpen
from renderer.sensor.tone import contrast, encode_srgb, filmic, hard, soft


def develop(
    radiance: Float[Tensor, "b 3 h w"], values: Sequence[SensorValues], noise_seeds: Sequence[int]
) -> UInt8[Tensor, "b 3 h w"]:
    """Turn radiance into images as a camera with these values does, at the exposure that they say.

    Light is metered before anything else, goes through the lens, becomes a raw image, is developed and is
    stored. A step that an image leaves out changes none of its bytes. Values are rounded to 8 bits once,
    for the file.

    Args:
        radiance: linear Rec. 709.
        values: of each image.
        noise_seeds: of each image; equal seeds give equal noise on any device.
    """
    ev = torch.tensor(_column(values, "exposure_ev"), dtype=radiance.dtype, device=radiance.device)
    light = _through_lens(expose(radiance, ev), values)
    linear = _recorded(light, values, noise_seeds)
    encoded = _finished(encode_srgb(_toned(linear, values)), values)
    image = (encoded * 255).round().to(torch.uint8)
    file = (_column(values, f"jpeg_{name}") for name in ("quality", "tables", "subsampling"))
    return apply(compress, image, *file)


def sketch(
    radiance: Float[Tensor, "1 3 h w"], values: SensorValues, steps_ev: Sequence[float], most_pixels: int
) -> UInt8[Tensor, "s 3 n 1"]:
    """A few pixels of an image at several exposures, with those steps only that treat each pixel on its own.

    Args:
        steps_ev: over the exposure of the values.
        most_pixels: taken of the image, or a few more.
    """
    ev = torch.tensor([values.exposure_ev], dtype=radiance.dtype, device=radiance.device)
    light = _through_lens(expose(radiance, ev), [values]).flatten(2)
    stride = max(1, light.shape[2] // most_pixels) | 1  # odd: it walks through the columns
    few = light[:, :, ::stride, None]
    batch = (few * torch.exp2(per_image(steps_ev, few))).clamp(max=BRIGHTEST)
    gain_ev = values.gain_ev or 0.0 if is_raw(values) else None
    plain = [replace(values, iso=None, mosaic=None, gain_ev=gain_ev)] * len(steps_ev)
    encoded = encode_srgb(_toned(_recorded(batch, plain, [0] * len(plain)), plain))
    encoded = apply(contrast, encoded, _column(plain, "contrast"))
    return (encoded * 255).round().to(torch.uint8)


def _through_lens(light: Float[Tensor, "b 3 h w"], values: Sequence[SensorValues]) -> Tensor:
    light = apply(chromatic_aberration, light, _column(values, "chromatic_aberration_px"))
    light = apply(defocus, light, _column(values, "defocus_px"))
    smear = (_column(values, name) for name in ("motion_blur_px", "motion_blur_angle_deg"))
    light = apply(motion_blur, light, *smear)
    return apply(vignette, light, _column(values, "vignetting"))


def _recorded(
    light: Float[Tensor, "b 3 h w"], values: Sequence[SensorValues], noise_seeds: Sequence[int]
) -> Tensor:
    """What the sensor makes of light; an image without a raw one gets its wrong balance alone."""
    for has_mosaic in (False, True):
        raw = [v if is_raw(v) and (v.mosaic is not None) == has_mosaic else None for v in values]
        light = apply(through_raw, light, raw, noise_seeds)
    return apply(balance, light, [None if is_raw(v) else wrong_balance(v) for v in values])


def _toned(linear: Float[Tensor, "b 3 h w"], values: Sequence[SensorValues]) -> Tensor:
    """Each image on its curve, which ends where its sensor saturates."""
    whites = {
        curve: [max(1.0, white_level(v)) if v.tone_curve == curve else None for v in values]
        for curve in ("soft", "hard", "filmic")
    }
    linear = apply(soft, linear, whites["soft"])
    linear = apply(filmic, linear, whites["filmic"])
    return apply(lambda chosen, _: hard(chosen), linear, whites["hard"])


def _finished(encoded: Float[Tensor, "b 3 h w"], values: Sequence[SensorValues]) -> Tensor:
    """Contrast, sharpness and size; all in values that are not rounded yet."""
    encoded = apply(contrast, encoded, _column(values, "contrast"))
    mask = (_column(values, name) for name in ("sharpening", "sharpening_radius_px"))
    encoded = apply(sharpen, encoded, *mask)
    return apply(rescale, encoded, _column(values, "rescale"))


def _column(values: Sequence[SensorValues], name: str) -> list[Any]:
    return [getattr(v, name) for v in values]
