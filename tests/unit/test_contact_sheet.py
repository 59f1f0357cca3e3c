"""The contact sheet: frames in rows, and every outline on its object."""

import math

import cv2
import numpy as np
import pytest
from unit.frames import instance_of

from renderer.inspect.contact_sheet import (
    IGNORED_COLOR,
    MARGIN_PX,
    LabelledImage,
    category_colors,
    contact_sheet,
)

WIDTH_PX, HEIGHT_PX = 120, 90
CATEGORIES = ("1", "2", "3", "4", "5", "6")


def flat(level: int = 0, width_px: int = WIDTH_PX, height_px: int = HEIGHT_PX) -> np.ndarray:
    return np.full((height_px, width_px, 3), level, dtype=np.uint8)


def drawn(*instances: dict, image: np.ndarray | None = None, cell_px: int | None = None) -> np.ndarray:
    """The cell of one frame, by default at the scale of the image."""
    image = flat() if image is None else image
    frame = LabelledImage(image=image, caption="", instances=instances)
    cell_px = cell_px or image.shape[1]
    sheet = contact_sheet([frame], CATEGORIES, cell_px=cell_px)
    cell: np.ndarray = sheet[MARGIN_PX:-MARGIN_PX, MARGIN_PX:-MARGIN_PX]
    return cell


def disc(x: int = 60, y: int = 45, radius: float = 20) -> np.ndarray:
    rows, columns = np.mgrid[:HEIGHT_PX, :WIDTH_PX]
    mask: np.ndarray = np.hypot(rows - y, columns - x) <= radius
    return mask


def ring(box_xyxy: list[int]) -> np.ndarray:
    """The outermost pixels of a box."""
    x0, y0, x1, y1 = box_xyxy
    pixels = np.zeros((HEIGHT_PX, WIDTH_PX), dtype=bool)
    pixels[y0:y1, x0:x1] = True
    pixels[y0 + 1 : y1 - 1, x0 + 1 : x1 - 1] = False
    return pixels


def edge(mask: np.ndarray) -> np.ndarray:
    """Pixels of a mask that touch what is outside."""
    inside = cv2.erode(mask.astype(np.uint8), cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3)))
    touching: np.ndarray = mask & ~inside.astype(bool)
    return touching


def below_tag(box_xyxy: list[int]) -> np.ndarray:
    """Pixels that neither a name above its box nor the caption covers."""
    free = np.ones((HEIGHT_PX, WIDTH_PX), dtype=bool)
    free[: box_xyxy[1] + 3, box_xyxy[0] - 2 : box_xyxy[0] + 30] = False
    free[-20:] = False
    return free


def has_color(cell: np.ndarray, category: str) -> np.ndarray:
    same: np.ndarray = (cell == np.array(category_colors(CATEGORIES)[category])).all(axis=2)
    return same


# colours


@pytest.mark.parametrize("count", [1, 2, 6, 13, 40])
def test_categories_have_colours_of_their_own_and_all_are_bright(count):
    names = [f"category {number}" for number in range(count)]
    colors = category_colors(names)
    assert list(colors) == names
    assert len(set(colors.values())) == count
    assert all(max(color) == 255 for color in colors.values())
    assert min(float(np.dot((0.2126, 0.7152, 0.0722), color)) for color in colors.values()) > 110


def test_colours_of_few_categories_are_far_apart():
    colors = np.array(list(category_colors(CATEGORIES).values()), dtype=float)
    distances = np.linalg.norm(colors[:, None] - colors[None], axis=2)
    assert distances[~np.eye(len(colors), dtype=bool)].min() > 150


# layout


@pytest.mark.parametrize(
    ("frames", "columns", "expected"),
    [(1, 4, (1, 1)), (4, 4, (1, 4)), (5, 4, (2, 4)), (12, 4, (3, 4)), (3, 2, (2, 2))],
)
def test_sheet_has_a_cell_for_each_frame(frames, columns, expected):
    cells = [LabelledImage(image=flat(200), caption="", instances=[])] * frames
    sheet = contact_sheet(cells, CATEGORIES, columns=columns, cell_px=60)
    rows, across = expected
    assert sheet.shape == (MARGIN_PX + rows * (45 + MARGIN_PX), MARGIN_PX + across * (60 + MARGIN_PX), 3)
    assert sheet.dtype == np.uint8


def test_frames_are_laid_out_row_by_row_in_their_order():
    levels = [40, 80, 120, 160, 200]
    frames = [LabelledImage(image=flat(level), caption="", instances=[]) for level in levels]
    sheet = contact_sheet(frames, CATEGORIES, columns=2, cell_px=60)
    for number, level in enumerate(levels):
        y = MARGIN_PX + number // 2 * (45 + MARGIN_PX)
        x = MARGIN_PX + number % 2 * (60 + MARGIN_PX)
        assert (sheet[y : y + 20, x : x + 60] == level).all()


def test_frames_of_any_shape_fit_on_one_sheet():
    shapes = [(30, 60), (90, 60), (60, 60)]
    frames = [LabelledImage(image=flat(90, w, h), caption="", instances=[]) for h, w in shapes]
    assert contact_sheet(frames, CATEGORIES, cell_px=60).shape[0] == 90 + 2 * MARGIN_PX


def test_frame_is_scaled_to_the_width_of_its_cell():
    assert drawn(cell_px=60).shape == (45, 60, 3)
    assert drawn(cell_px=480).shape == (360, 480, 3)


def test_caption_stands_at_the_bottom():
    plain = contact_sheet([LabelledImage(image=flat(90), caption="", instances=[])], CATEGORIES, cell_px=120)
    named = [LabelledImage(image=flat(90), caption="frame 7", instances=[])]
    rows, _ = np.nonzero((contact_sheet(named, CATEGORIES, cell_px=120) != plain).any(axis=2))
    assert rows.min() > MARGIN_PX + HEIGHT_PX - 22


# labels


def test_frame_without_instances_shows_its_image():
    picture = np.random.default_rng(0).integers(0, 255, (HEIGHT_PX, WIDTH_PX, 3), dtype=np.uint8)
    np.testing.assert_array_equal(drawn(image=picture)[:-20], picture[:-20])


def test_outline_of_a_mask_lies_on_the_edge_of_the_object():
    instance = instance_of(disc(), "3")
    free = below_tag(instance["bbox_xyxy"])
    outlined = has_color(drawn(instance), "3") & ~ring(instance["bbox_xyxy"])
    np.testing.assert_array_equal(outlined & free, edge(disc()) & ~ring(instance["bbox_xyxy"]) & free)


def test_hole_of_a_mask_is_outlined_and_not_tinted():
    mask = disc(radius=30) & ~disc(radius=12)
    cell = drawn(instance_of(mask, "2"))
    assert has_color(cell, "2")[edge(mask)].mean() > 0.9
    assert (cell[disc(radius=9)] == 0).all()


def test_inside_of_a_mask_is_tinted_and_outside_nothing_changes():
    instance = instance_of(disc(), "5")
    box, free = instance["bbox_xyxy"], below_tag(instance["bbox_xyxy"])
    cell = drawn(instance, image=flat(100))
    inside = disc() & ~edge(disc()) & free
    assert (cell[inside] != 100).any(axis=1).all()
    assert (np.abs(cell[inside].astype(int) - 100) < 40).all()  # the object still shows
    assert (cell[~disc() & ~ring(box) & free] == 100).all()


@pytest.mark.parametrize("corner", [(60, 45), (25, 50), (99, 40)])
def test_box_is_drawn_on_the_pixels_that_the_record_names(corner):
    instance = instance_of(disc(*corner), "1")
    free = below_tag(instance["bbox_xyxy"])
    cell = drawn(instance)
    assert has_color(cell, "1")[ring(instance["bbox_xyxy"]) & free].all()


def test_box_of_an_instance_that_fills_the_image_shows_on_all_four_sides():
    cell = drawn(instance_of(np.ones((HEIGHT_PX, WIDTH_PX), dtype=bool), "4"))
    shown = has_color(cell, "4")
    assert shown[:, -1].mean() > 0.7  # but for the caption's place
    assert shown[:, 0].mean() > 0.5
    assert shown[-1, 60:].all()
    assert shown[0, 60:].all()


@pytest.mark.parametrize("cell_px", [60, 240, 480])
def test_labels_are_scaled_with_the_image(cell_px):
    scale = cell_px / WIDTH_PX
    rows, columns = np.nonzero(has_color(drawn(instance_of(disc(60, 55, 25), "6"), cell_px=cell_px), "6"))
    expected = np.array([35, 30, 85, 80]) * scale
    found = np.array([columns.min(), rows[columns > 60 * scale].min(), columns.max() + 1, rows.max() + 1])
    assert np.abs(found - expected).max() <= math.ceil(scale)


@pytest.mark.parametrize("cell_px", [17, 40, 120, 500])
def test_instance_of_one_pixel_can_be_drawn_at_any_scale(cell_px):
    mask = np.zeros((HEIGHT_PX, WIDTH_PX), dtype=bool)
    mask[44, 71] = True
    drawn(instance_of(mask), cell_px=cell_px)


def test_name_of_the_category_is_written_at_its_box():
    for name in ("1", "6"):
        box = instance_of(disc(), name)["bbox_xyxy"]
        tag = has_color(drawn(instance_of(disc(), name)), name)
        tag[box[1] :] = False
        assert 10 < tag.sum() < 200


def test_instance_that_is_not_annotated_is_not_drawn():
    np.testing.assert_array_equal(drawn(instance_of(disc(), annotated=False)), drawn())


def test_ignored_instance_has_a_dashed_grey_box_and_no_mask():
    cell = drawn(instance_of(disc(), annotated=False, ignored=True))
    around = ring(instance_of(disc())["bbox_xyxy"])
    grey = (cell == IGNORED_COLOR).all(axis=2)
    assert 0.3 < grey[around].mean() < 0.7
    assert not grey[~around].any()
    inside = disc() & ~around
    np.testing.assert_array_equal(cell[inside], drawn()[inside])


def test_image_that_was_handed_in_is_left_alone():
    picture = flat(50)
    drawn(instance_of(disc()), image=picture)
    assert (picture == 50).all()
