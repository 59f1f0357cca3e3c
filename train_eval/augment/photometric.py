"""Light and camera: what changes an image and none of its labels. Images are sRGB, red first."""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float64, UInt8

from train_eval.augment.draws import happens, log_uniform, uniform
from train_eval.settings import Augmentation

LUMA = (0.299, 0.587, 0.114)  # Rec. 601, as OpenCV's grey
# Luma and two axes of colour (NTSC's YIQ): hue is the angle in their plane, saturation the distance from 0.
YIQ_FROM_RGB = np.array([LUMA, (0.596, -0.274, -0.322), (0.211, -0.523, 0.312)])


@dataclass(frozen=True, slots=True, kw_only=True)
class Light:
    """A change of light; the defaults change nothing.

    Attributes:
        brightness, red, blue: factors on values, on those of red and of blue.
        contrast: factor on the distance to the image's mean grey.
        saturation: factor on the distance to grey.
        hue: in turns of the colour circle.
        gamma: exponent on values in [0, 1].
    """

    brightness: float = 1.0
    contrast: float = 1.0
    saturation: float = 1.0
    hue: float = 0.0
    red: float = 1.0
    blue: float = 1.0
    gamma: float = 1.0


def draw_light(rng: np.random.Generator, settings: Augmentation) -> Light:
    """Draw a change of light."""
    return Light(
        brightness=log_uniform(rng, settings.brightness),
        contrast=log_uniform(rng, settings.contrast),
        saturation=uniform(rng, settings.saturation),
        hue=uniform(rng, settings.hue),
        red=log_uniform(rng, settings.white_balance),
        blue=log_uniform(rng, settings.white_balance),
        gamma=log_uniform(rng, settings.gamma),
    )


def relight(image: UInt8[np.ndarray, "h w 3"], light: Light) -> UInt8[np.ndarray, "h w 3"]:
    """Change brightness, white balance, contrast and gamma in one table, hue and saturation in one matrix."""
    mean_grey = float(np.dot(LUMA, cv2.mean(image)[:3])) / 255
    relit = np.asarray(cv2.LUT(image, _table(light, mean_grey)))
    if light.saturation == 1 and light.hue == 0:
        return relit
    return np.asarray(cv2.transform(relit, _color_matrix(light)))


def _table(light: Light, mean_grey: float) -> UInt8[np.ndarray, "1 256 3"]:
    """What each of the 256 values of each channel becomes."""
    factors = light.brightness * np.array([light.red, 1.0, light.blue])
    values = np.linspace(0, 1, 256)[:, None] * factors
    pivot = min(mean_grey * light.brightness, 1.0)
    values = np.clip(pivot + light.contrast * (values - pivot), 0, 1) ** light.gamma
    return np.rint(values * 255).astype(np.uint8)[None]


def _color_matrix(light: Light) -> Float64[np.ndarray, "3 3"]:
    """Turns and stretches colours around grey; luma stays, but where a channel saturates."""
    angle = 2 * math.pi * light.hue
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    change = np.eye(3)
    change[1:, 1:] = light.saturation * turn
    matrix: Float64[np.ndarray, "3 3"] = np.linalg.solve(YIQ_FROM_RGB, change @ YIQ_FROM_RGB)
    return matrix


def to_grayscale(image: UInt8[np.ndarray, "h w 3"]) -> UInt8[np.ndarray, "h w 3"]:
    """The image without colour, in three equal channels."""
    return np.asarray(cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB))


def blur(image: UInt8[np.ndarray, "h w 3"], sigma_px: float) -> UInt8[np.ndarray, "h w 3"]:
    """Blur by a Gaussian."""
    if sigma_px <= 0:
        return image
    return np.asarray(cv2.GaussianBlur(image, (0, 0), sigma_px, borderType=cv2.BORDER_REFLECT_101))


def add_noise(
    rng: np.random.Generator, image: UInt8[np.ndarray, "h w 3"], std: float
) -> UInt8[np.ndarray, "h w 3"]:
    """Add Gaussian noise of its own to each pixel and channel; `std` is in parts of full scale."""
    noise = rng.standard_normal(image.shape, np.float32)
    noise *= 255 * std
    noise += image
    return np.clip(np.rint(noise, out=noise), 0, 255, out=noise).astype(np.uint8)


def compress_jpeg(image: UInt8[np.ndarray, "h w 3"], quality: float) -> UInt8[np.ndarray, "h w 3"]:
    """Compress and decompress, at a quality from 1 to 100."""
    bgr = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
    encoded = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, round(quality)])[1]
    decoded = cv2.imdecode(encoded, cv2.IMREAD_COLOR)
    assert decoded is not None
    return np.asarray(cv2.cvtColor(decoded, cv2.COLOR_BGR2RGB))


def change_light(
    rng: np.random.Generator, image: UInt8[np.ndarray, "h w 3"], settings: Augmentation
) -> UInt8[np.ndarray, "h w 3"]:
    """Draw and apply a change of light, and now and then take the colour away."""
    is_relit = happens(rng, settings.photometric_probability)
    light = draw_light(rng, settings)
    if is_relit:
        image = relight(image, light)
    return to_grayscale(image) if happens(rng, settings.grayscale_probability) else image


def photograph(
    rng: np.random.Generator, image: UInt8[np.ndarray, "h w 3"], settings: Augmentation
) -> UInt8[np.ndarray, "h w 3"]:
    """Draw and apply what a camera adds, in its order: blur of the lens, noise of the sensor, compression."""
    is_blurred, sigma_px = happens(rng, settings.blur_probability), uniform(rng, settings.blur_sigma_px)
    is_noisy, std = happens(rng, settings.noise_probability), uniform(rng, settings.noise_std)
    is_compressed, quality = happens(rng, settings.jpeg_probability), uniform(rng, settings.jpeg_quality)
    if is_blurred:
        image = blur(image, sigma_px)
    if is_noisy:
        image = add_noise(rng, image, std)
    return compress_jpeg(image, quality) if is_compressed else image
