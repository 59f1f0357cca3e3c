"""A raster that is drawn on in millimetres: polygons, strokes and clipped layers."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Self

import cv2
import numpy as np
import numpy.typing as npt
from jaxtyping import Bool, Float, Int, UInt8

from renderer.catalog.cards.deck import CARD_SIZE_MM, Rgb

SUBPIXEL_BITS = 4  # cv2's fixed-point coordinates
DRAWN_HEIGHT_PX = 1056  # lines of 0.1 mm survive at this height; smaller faces are averages of it


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Canvas:
    """Pixels (sRGB) and the affine map onto them from local coordinates (mm, y down)."""

    pixels: UInt8[np.ndarray, "h w 3"]
    pixel_from_local: Float[np.ndarray, "2 3"]

    @property
    def pixels_per_unit(self) -> float:
        linear = self.pixel_from_local
        return math.sqrt(abs(linear[0, 0] * linear[1, 1] - linear[0, 1] * linear[1, 0]))

    def at(
        self, x: float, y: float, *, scale: tuple[float, float] | float = 1.0, angle_deg: float = 0.0
    ) -> Self:
        """The same pixels seen from a frame at (x, y), first scaled, then turned clockwise."""
        scale_x, scale_y = scale if isinstance(scale, tuple) else (scale, scale)
        cos, sin = math.cos(math.radians(angle_deg)), math.sin(math.radians(angle_deg))
        outer_from_inner = np.array(
            [[cos * scale_x, -sin * scale_y, x], [sin * scale_x, cos * scale_y, y], [0, 0, 1]]
        )
        return replace(self, pixel_from_local=self.pixel_from_local @ outer_from_inner)

    def _fixed(self, points: npt.ArrayLike) -> Int[np.ndarray, "*k 2"]:
        linear, shift = self.pixel_from_local[:, :2], self.pixel_from_local[:, 2]
        pixels = np.asarray(points, dtype=np.float64) @ linear.T + (shift - 0.5)
        fixed: Int[np.ndarray, "*k 2"] = np.rint(pixels * (1 << SUBPIXEL_BITS)).astype(np.int32)
        return fixed

    def fill(self, outline: npt.ArrayLike, ink: Rgb) -> None:
        """Fills a closed outline."""
        cv2.fillPoly(self.pixels, [self._fixed(outline)], ink, cv2.LINE_AA, SUBPIXEL_BITS)

    def fill_each(self, outlines: Float[np.ndarray, "n k 2"], ink: Rgb) -> None:
        """Fills many outlines of as many points each, one after the other."""
        for outline in self._fixed(outlines):  # in one call, cv2 would leave their overlaps empty
            cv2.fillPoly(self.pixels, [outline], ink, cv2.LINE_AA, SUBPIXEL_BITS)

    def stroke(self, line: npt.ArrayLike, ink: Rgb, width: float, *, closed: bool = False) -> None:
        """Draws a line of the given width, at least one pixel."""
        thickness = max(1, round(width * self.pixels_per_unit))
        cv2.polylines(self.pixels, [self._fixed(line)], closed, ink, thickness, cv2.LINE_AA, SUBPIXEL_BITS)

    def stroke_each(self, lines: Float[np.ndarray, "n k 2"], ink: Rgb, width: float) -> None:
        """Draws many open lines of as many points each."""
        thickness = max(1, round(width * self.pixels_per_unit))
        cv2.polylines(
            self.pixels, list(self._fixed(lines)), False, ink, thickness, cv2.LINE_AA, SUBPIXEL_BITS
        )

    def disc(self, x: float, y: float, radius: float, ink: Rgb) -> None:
        centre = self._fixed([x, y])
        radius_fixed = max(1, round(radius * self.pixels_per_unit * (1 << SUBPIXEL_BITS)))
        position = (int(centre[0]), int(centre[1]))
        cv2.circle(self.pixels, position, radius_fixed, ink, cv2.FILLED, cv2.LINE_AA, SUBPIXEL_BITS)

    def clipped(self, outline: npt.ArrayLike, paint: Callable[[Self], None]) -> None:
        """Lets `paint` draw on a copy and keeps of it what lies inside the outline."""
        fixed = self._fixed(outline)
        height, width = self.pixels.shape[:2]
        low = np.maximum((fixed.min(axis=0) >> SUBPIXEL_BITS) - 1, 0)
        high = np.minimum((fixed.max(axis=0) >> SUBPIXEL_BITS) + 3, (width, height))
        if (low >= high).any():
            return
        window = self.pixels[low[1] : high[1], low[0] : high[0]]
        layer = window.copy()
        moved = self.pixel_from_local.copy()
        moved[:, 2] -= low
        paint(replace(self, pixels=layer, pixel_from_local=moved))
        mask = np.zeros(layer.shape[:2], np.uint8)
        cv2.fillPoly(mask, [fixed - (low << SUBPIXEL_BITS)], 255, cv2.LINE_8, SUBPIXEL_BITS)
        cv2.copyTo(layer, mask, window)

    def tint(self, coverage: UInt8[np.ndarray, "h w"], left_px: int, top_px: int, ink: Rgb) -> None:
        """Lays ink where the coverage (0..255) says; the part outside of the pixels is dropped."""
        height, width = self.pixels.shape[:2]
        top, left = max(top_px, 0), max(left_px, 0)
        bottom, right = min(top_px + coverage.shape[0], height), min(left_px + coverage.shape[1], width)
        if top >= bottom or left >= right:
            return
        window = self.pixels[top:bottom, left:right]
        share = coverage[top - top_px : bottom - top_px, left - left_px : right - left_px, None] / 255.0
        window[...] = np.rint(window * (1 - share) + np.array(ink) * share).astype(np.uint8)


def blank_card(height_px: int, paper: Rgb) -> Canvas:
    """An empty card for a picture of this height: finer than it, (0, 0) at the centre of the card."""
    factor = max(2, math.ceil(DRAWN_HEIGHT_PX / height_px))
    width_px = card_width_px(height_px)
    h, w = factor * height_px, factor * width_px
    scale = np.array([[w / CARD_SIZE_MM[0], 0, w / 2], [0, h / CARD_SIZE_MM[1], h / 2]])
    return Canvas(pixels=np.full((h, w, 3), paper, np.uint8), pixel_from_local=scale)


def card_width_px(height_px: int) -> int:
    """The width of a poker-size card (63 mm x 88 mm) of this height."""
    return round(height_px * CARD_SIZE_MM[0] / CARD_SIZE_MM[1])


def developed(canvas: Canvas, height_px: int) -> UInt8[np.ndarray, "h w 3"]:
    """The picture at its final size, every pixel the mean of what it covers."""
    size_wh = (card_width_px(height_px), height_px)
    picture: UInt8[np.ndarray, "h w 3"] = np.asarray(
        cv2.resize(canvas.pixels, size_wh, interpolation=cv2.INTER_AREA), dtype=np.uint8
    )
    return picture


def _above(shape: tuple[int, int], slope: float) -> Bool[np.ndarray, "h w"]:
    """The pixels above the line through the centre with this slope (dy/dx)."""
    h, w = shape
    y, x = np.arange(h, dtype=np.float32) - (h - 1) / 2, np.arange(w, dtype=np.float32) - (w - 1) / 2
    above: Bool[np.ndarray, "h w"] = y[:, None] < (slope * x)[None, :]
    return above


def double_headed(canvas: Canvas, slope: float = 0.0) -> None:
    """Replaces what lies below the line through the centre (slope dy/dx) by what lies above, turned round."""
    turned = np.ascontiguousarray(canvas.pixels[::-1, ::-1])
    below = (~_above(canvas.pixels.shape[:2], slope)).view(np.uint8)
    cv2.copyTo(turned, below, canvas.pixels)
