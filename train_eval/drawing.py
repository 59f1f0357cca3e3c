"""Pictures of images with what was detected in them."""

from collections.abc import Iterator, Sequence

import numpy as np
from jaxtyping import Float, UInt8
from PIL import Image, ImageDraw, ImageFont

from renderer.catalog.assets import asset_path
from renderer.inspect.contact_sheet import FONT, category_colors
from train_eval.evaluation.detections import Detections

TEXT_FRACTION = 0.022  # height of the text over the longer side of the image
SMALLEST_TEXT_PX = 11
TEXT_PER_LINE = 7  # height of the text over the width of a box's line
ROWS_TRIED = 4  # above a box, and as many below its upper edge
BLACK = (0, 0, 0)

Rectangle = tuple[float, float, float, float]  # x0, y0, x1, y1


def draw_detections(
    image: UInt8[np.ndarray, "h w 3"], found: Detections, categories: Sequence[str]
) -> UInt8[np.ndarray, "h w 3"]:
    """The image with a box, the category and the score in percent of each detection, the surest on top."""
    picture = Image.fromarray(image)
    draw = ImageDraw.Draw(picture)
    text_px = max(SMALLEST_TEXT_PX, round(TEXT_FRACTION * max(image.shape[:2])))
    font = ImageFont.truetype(str(asset_path(FONT)), text_px)
    names = [categories[label - 1] for label in found.labels]
    texts = [f"{name} {100 * score:.0f}" for name, score in zip(names, found.scores, strict=True)]
    outlines = [_outline(box) for box in found.boxes_xyxy]
    colors = category_colors(categories)
    surest_first = np.argsort(-found.scores, kind="stable").tolist()
    for index in reversed(surest_first):
        width_px = max(1, text_px // TEXT_PER_LINE)
        draw.rectangle(outlines[index], outline=colors[names[index]], width=width_px)
    taken: list[Rectangle] = []
    for index in surest_first:
        left, top, right, bottom = draw.textbbox((0, 0), texts[index], font=font)
        tag = _free_place(outlines[index], (right - left + 1, bottom - top + 1), picture.size, taken)
        taken.append(tag)
        draw.rectangle(tag, fill=BLACK)
        draw.text((tag[0] - left, tag[1] - top), texts[index], font=font, fill=colors[names[index]])
    return np.asarray(picture)


def _outline(box_xyxy: Float[np.ndarray, "4"]) -> Rectangle:
    """Pillow counts the last pixel in: the lines lie inside the box."""
    x0, y0, x1, y1 = (float(v) for v in box_xyxy)
    return x0, y0, max(x0, x1 - 1), max(y0, y1 - 1)


def _free_place(
    outline: Rectangle, size_wh: tuple[float, float], picture_wh: tuple[int, int], taken: Sequence[Rectangle]
) -> Rectangle:
    """A rectangle for a tag at the upper left corner of a box, where no other tag is if that can be."""
    places = list(_places(outline, size_wh, picture_wh))
    return next((p for p in places if not any(_overlap(p, other) for other in taken)), places[0])


def _places(
    outline: Rectangle, size_wh: tuple[float, float], picture_wh: tuple[int, int]
) -> Iterator[Rectangle]:
    """Rows from the upper edge of the box upwards, then downwards, all of them on the picture."""
    width, height = size_wh
    x = max(0.0, min(outline[0], picture_wh[0] - width))
    for row in (*range(-1, -ROWS_TRIED - 1, -1), *range(ROWS_TRIED)):
        y = max(0.0, min(outline[1] + row * height, picture_wh[1] - height))
        yield x, y, x + width - 1, y + height - 1


def _overlap(a: Rectangle, b: Rectangle) -> bool:
    return a[0] <= b[2] and b[0] <= a[2] and a[1] <= b[3] and b[1] <= a[3]
