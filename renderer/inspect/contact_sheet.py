"""The contact sheet: frames with their masks, boxes and category names, on one picture.

What is ignored has a dashed grey box and no mask.
"""

import colorsys
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from jaxtyping import Float
from PIL import Image as PillowImage
from PIL import ImageDraw, ImageFont

from renderer.catalog.assets import asset_path
from renderer.catalog.model import Image
from renderer.dataset.record import decode_mask

Color = tuple[int, int, int]
FONT = "fonts/DejaVuSansCondensed-Bold.ttf"
MARGIN_PX = 8
MASK_OPACITY = 0.12
IGNORED_COLOR = (150, 150, 150)
DASH_PX = 3
LUMA = (0.2126, 0.7152, 0.0722)  # Rec. 709
LEAST_LUMA = 0.45  # of text on black


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LabelledImage:
    """An image, a caption, and instances as in a frame's record."""

    image: Image
    caption: str
    instances: Sequence[Mapping[str, Any]]


def contact_sheet(
    frames: Iterable[LabelledImage], categories: Sequence[str], columns: int = 4, cell_px: int = 480
) -> Image:
    """Lay frames out in rows, each drawn with its labels and scaled to `cell_px` wide."""
    colors = category_colors(categories)
    cells = [_cell(frame, colors, cell_px) for frame in frames]
    columns = min(columns, len(cells))
    height = max(cell.shape[0] for cell in cells)
    rows = math.ceil(len(cells) / columns)
    step_y, step_x = height + MARGIN_PX, cell_px + MARGIN_PX
    sheet = np.full((rows * step_y + MARGIN_PX, columns * step_x + MARGIN_PX, 3), 24, dtype=np.uint8)
    for number, cell in enumerate(cells):
        y = MARGIN_PX + number // columns * step_y
        x = MARGIN_PX + number % columns * step_x
        sheet[y : y + cell.shape[0], x : x + cell.shape[1]] = cell
    return sheet


def category_colors(categories: Sequence[str]) -> dict[str, Color]:
    """A bright colour for each category, as far apart in hue as they can be, and legible on black."""
    return {
        name: _legible(np.array(colorsys.hsv_to_rgb(i / len(categories), 0.85, 1.0)))
        for i, name in enumerate(categories)
    }


def _legible(color: Float[np.ndarray, "3"]) -> Color:
    """The colour, with as much white as its luma needs; values in [0, 1]."""
    luma = float(np.dot(LUMA, color))
    white = max(0.0, (LEAST_LUMA - luma) / (1 - luma))
    red, green, blue = (round(255 * v) for v in (color + white * (1 - color)).tolist())
    return (red, green, blue)


def _cell(frame: LabelledImage, colors: Mapping[str, Color], cell_px: int) -> Image:
    scale = cell_px / frame.image.shape[1]
    size = (cell_px, round(frame.image.shape[0] * scale))
    shown = [i for i in frame.instances if i["annotated"]]
    canvas = cv2.resize(frame.image, size, interpolation=cv2.INTER_AREA)
    for instance in shown:
        mask = decode_mask(instance["segmentation"]).astype(np.uint8)
        _draw_mask(
            canvas, cv2.resize(mask, size, interpolation=cv2.INTER_NEAREST), colors[instance["category"]]
        )
    picture = PillowImage.fromarray(canvas)
    draw = ImageDraw.Draw(picture)
    font = ImageFont.truetype(str(asset_path(FONT)), 13)
    for instance in frame.instances:
        if instance["ignored"] and instance["area_px"] > 0:
            _draw_dashed_box(draw, _outline(instance["bbox_xyxy"], scale))
    for instance in shown:
        _draw_box(draw, font, _outline(instance["bbox_xyxy"], scale), instance["category"], colors)
    _draw_tag(draw, font, (0, size[1] - 18), frame.caption, (255, 255, 255))
    return np.asarray(picture)


def _draw_mask(canvas: Image, mask: Any, color: Color) -> None:
    inside = mask.astype(bool)
    canvas[inside] = (canvas[inside] * (1 - MASK_OPACITY) + np.array(color) * MASK_OPACITY).astype(np.uint8)
    outlines, _ = cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(canvas, outlines, -1, color, 1)


def _outline(box_xyxy: Sequence[int], scale: float) -> list[float]:
    """A box as Pillow draws it: its right and lower lines lie inside, on the last pixels."""
    x0, y0, x1, y1 = (v * scale for v in box_xyxy)
    return [x0, y0, max(x0, x1 - 1), max(y0, y1 - 1)]


def _draw_box(
    draw: Any, font: Any, box_xyxy: Sequence[float], name: str, colors: Mapping[str, Color]
) -> None:
    draw.rectangle(list(box_xyxy), outline=colors[name], width=1)
    _draw_tag(draw, font, (box_xyxy[0], max(0.0, box_xyxy[1] - 16)), name, colors[name])


def _draw_dashed_box(draw: Any, box_xyxy: Sequence[float]) -> None:
    x0, y0, x1, y1 = (round(v) for v in box_xyxy)
    for x in range(x0, x1 + 1, 2 * DASH_PX):
        for y in (y0, y1):
            draw.line((x, y, min(x + DASH_PX - 1, x1), y), fill=IGNORED_COLOR)
    for y in range(y0, y1 + 1, 2 * DASH_PX):
        for x in (x0, x1):
            draw.line((x, y, x, min(y + DASH_PX - 1, y1)), fill=IGNORED_COLOR)


def _draw_tag(draw: Any, font: Any, place: tuple[float, float], text: str, color: Color) -> None:
    box = draw.textbbox(place, text, font=font)
    draw.rectangle((box[0] - 2, box[1] - 1, box[2] + 2, box[3] + 1), fill=(0, 0, 0))
    draw.text(place, text, font=font, fill=color)
