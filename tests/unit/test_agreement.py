"""Agreement of an id buffer with rays: edge pixels may differ here and there, objects may not."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from renderer.labels.agreement import differing_pixels, disagreement

HEIGHT, WIDTH = 60, 80
BOXES = {1: (10, 8, 40, 30), 2: (35, 20, 60, 50), 3: (5, 40, 15, 55), 4: (66, 4, 78, 10)}


def painted(shifts=None, left_out=()):
    """Four rectangles, the later over the earlier, some of them shifted."""
    ids = np.zeros((HEIGHT, WIDTH), dtype=np.int32)
    for number, (x0, y0, x1, y1) in BOXES.items():
        right, down = (shifts or {}).get(number, (0, 0))
        if number not in left_out:
            ids[y0 + down : y1 + down, x0 + right : x1 + right] = number
    return ids


def test_equal_buffers_agree():
    assert disagreement(painted(), painted()) is None
    assert differing_pixels(painted(), painted()) == 0


@given(st.lists(st.tuples(st.integers(0, HEIGHT - 1), st.integers(0, WIDTH - 1)), max_size=2))
def test_two_pixels_anywhere_are_tolerated(places):
    seen = painted()
    for row, column in places:
        seen[row, column] = (seen[row, column] + 1) % 5
    assert disagreement(seen, painted()) is None
    assert differing_pixels(seen, painted()) == len(set(places))


@given(st.sampled_from(list(BOXES)), st.integers(-4, 4), st.integers(-4, 4))
def test_object_off_its_place_by_a_pixel_or_more_is_found(number, right, down):
    if right == down == 0:
        return
    seen = painted({number: (right, down)})
    found = disagreement(seen, painted())
    assert found is not None
    assert number in (found.seen, found.met)


@given(st.permutations([1, 2, 3, 4]))
def test_exchanged_ids_are_found_and_named(order):
    exchange = np.array([0, *order], dtype=np.int32)
    found = disagreement(exchange[painted()], painted())
    if list(order) == [1, 2, 3, 4]:
        assert found is None
    else:
        assert found.seen == exchange[found.met] != found.met
        assert found.pixels == (painted() == found.met).sum()


@pytest.mark.parametrize("number", BOXES)
def test_object_that_is_not_seen_is_found_and_what_is_seen_instead(number):
    found = disagreement(painted(left_out=[number]), painted())
    assert found.met == number
    assert found.seen == 0  # the ground shows where it was, but for what it hid


def test_object_that_rays_do_not_meet_is_found():
    found = disagreement(painted(), painted(left_out=[3]))
    assert (found.seen, found.met, found.pixels) == (3, 0, 150)


def test_as_many_pixels_may_differ_as_one_percent_of_the_perimeter():
    met = np.zeros((300, 300), dtype=np.int32)
    met[20:270, 20:270] = 1  # 996 pixels have another neighbour
    seen = met.copy()
    seen[20, 30:39] = 0
    assert disagreement(seen, met) is None
    seen[20, 39] = 0
    assert disagreement(seen, met).pixels == 10


def test_large_object_may_differ_by_more_pixels_than_a_small_one_beside_it():
    met = np.zeros((300, 300), dtype=np.int32)
    met[20:270, 20:200] = 1
    met[100:104, 200:204] = 2
    seen = met.copy()
    seen[100:103, 200] = 1  # 3 pixels of 12 at the border of the small one
    found = disagreement(seen, met)
    assert (found.seen, found.met, found.pixels) == (1, 2, 3)
