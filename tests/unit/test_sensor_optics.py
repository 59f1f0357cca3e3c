"""The lens and motion: points become disks and lines of the right size, corners darken, red goes outwards."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from renderer.sensor.blur import convolve
from renderer.sensor.optics import chromatic_aberration, defocus, disk, line, motion_blur, vignette

SIZE = 129
MIDDLE = SIZE // 2
RADII_PX = (1.0, 2.5, 5.0, 12.0, 30.0)


def point(size: int = SIZE) -> torch.Tensor:
    image = torch.zeros(1, 3, size, size)
    image[..., size // 2, size // 2] = 1
    return image


def places(kernel: torch.Tensor) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Weights of a square kernel, and x and y of each, counted from its middle."""
    reach = kernel.shape[0] // 2
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    return kernel.double().numpy(), x, y


def centroid_x(channel: torch.Tensor) -> float:
    columns = torch.arange(channel.shape[-1]) + 0.5
    return float((channel.double() * columns).sum() / channel.double().sum())


@pytest.mark.parametrize("radius_px", RADII_PX)
def test_a_point_out_of_focus_is_a_disk_of_its_radius(radius_px):
    spread = defocus(point(), [radius_px])[0, 1]
    weights, x, y = places(spread)
    area_px = weights.sum() / weights.max()
    assert area_px == pytest.approx(math.pi * radius_px**2, rel=0.1 / radius_px)
    mean_square = (weights * (x**2 + y**2)).sum()  # of a disk: half the square of its radius
    assert radius_px**2 / 2 <= mean_square <= radius_px**2 / 2 + 1 / 3  # pixels are no points
    assert weights[np.hypot(x, y) > radius_px + 1].max() < 1e-7
    assert weights[np.hypot(x, y) < radius_px - 0.5].min() > 0.999 * weights.max()


@pytest.mark.parametrize("radius_px", [0.0, 0.2, *RADII_PX])
def test_defocus_keeps_energy_and_place(radius_px):
    spread = defocus(point(), [radius_px])
    torch.testing.assert_close(spread.sum(dim=(2, 3)), torch.ones(1, 3), atol=1e-5, rtol=0)
    assert centroid_x(spread[0, 0]) == pytest.approx(MIDDLE + 0.5, abs=1e-4)


@given(st.floats(0, 0.5))
def test_a_disk_within_a_pixel_changes_nothing(radius_px):
    image = torch.rand(1, 3, 16, 20, generator=torch.Generator().manual_seed(0))
    assert torch.equal(defocus(image, [radius_px]), image)


@given(st.floats(0, 50), st.floats(0, 0.2))
def test_a_disk_grows_steadily_with_its_radius(radius_px, more_px):
    small, large = disk(radius_px).max(), disk(radius_px + more_px).max()
    assert large <= small + 1e-12
    assert large > 0


@given(st.floats(0, 100), st.floats(-360, 360))
def test_a_smear_has_the_length_and_direction_that_it_should(length_px, angle_deg):
    weights, x, y = places(line(length_px, angle_deg))
    right, down = math.cos(math.radians(angle_deg)), math.sin(math.radians(angle_deg))
    assert weights.sum() == pytest.approx(1, abs=1e-9)
    assert (weights * x).sum() == pytest.approx(0, abs=1e-6)
    assert (weights * y).sum() == pytest.approx(0, abs=1e-6)
    spread = length_px**2 / 12  # the variance of a uniform distribution
    points = max(1, math.ceil(8 * length_px))
    assert (weights * x * y).sum() == pytest.approx(spread * (1 - points**-2) * right * down, abs=1e-4)
    along, across = (
        (weights * (x * right + y * down) ** 2).sum(),
        (weights * (x * down - y * right) ** 2).sum(),
    )
    assert spread - 0.01 <= along <= spread + 0.26  # sharing a point between pixels adds up to a quarter
    assert across <= 0.26


def test_a_smear_to_the_right_stays_in_its_row_and_one_down_in_its_column():
    right, down = motion_blur(torch.cat([point(), point()]), [9.0, 9.0], [0.0, 90.0])[:, 0]
    profile = right[MIDDLE, MIDDLE:]
    torch.testing.assert_close(profile[:4], torch.full((4,), 1 / 9), atol=1e-6, rtol=0)
    assert float(profile[4:6].sum()) == pytest.approx(1 / 9, abs=1e-6)  # up to 4.5 pixels, softly
    assert profile[6:].max() < 1e-12
    assert float(right[MIDDLE].sum()) == pytest.approx(1, abs=1e-6)
    torch.testing.assert_close(down, right.T)


@pytest.mark.parametrize("kernel", [disk(1.5), disk(2.0), disk(7.3), line(12.0, 0.0), line(21.0, 35.0)])
def test_convolution_is_that_of_scipy_and_lamps_leave_no_error_in_shadows(kernel):
    image = torch.rand(2, 40, 33, generator=torch.Generator().manual_seed(1)) * 1e-3
    image[:, 2:4, 2:4] = 1e4
    expected = [ndimage.convolve(c, kernel.numpy(), mode="nearest") for c in image.double().numpy()]
    np.testing.assert_allclose(convolve(image, kernel).numpy(), np.stack(expected), rtol=1e-5)


@pytest.mark.parametrize("shape_hw", [(16, 16), (31, 40), (48, 25)])
@pytest.mark.parametrize("loss", [0.0, 0.3, 0.95])
def test_corners_lose_the_share_that_vignetting_takes(shape_hw, loss):
    darkened = vignette(torch.ones(1, 3, *shape_hw), [loss])[0, 0]
    corners = darkened[[0, 0, -1, -1], [0, -1, 0, -1]]
    torch.testing.assert_close(corners, torch.full((4,), 1 - loss), atol=1e-6, rtol=0)


def test_vignetting_is_the_fourth_power_of_the_cosine():
    darkened = vignette(torch.ones(1, 3, 61, 81), [0.75])[0, 0].numpy()
    corner_rad = math.acos(0.25**0.25)
    y, x = np.mgrid[-30:31, -40:41] / 50
    expected = np.cos(np.arctan(np.hypot(x, y) * math.tan(corner_rad))) ** 4
    np.testing.assert_allclose(darkened, expected, rtol=1e-5)


@pytest.mark.parametrize("shift_px", [-4.0, 0.5, 2.0, 6.0])
@pytest.mark.parametrize("place_px", [20.0, 120.0, 220.0])
def test_red_goes_outwards_and_blue_inwards_in_proportion_to_the_distance(shift_px, place_px):
    height, width = 21, 241
    columns = torch.arange(width) + 0.5
    spot = torch.exp(-(((columns - place_px) / 2) ** 2) / 2).expand(1, 3, height, width)
    moved = chromatic_aberration(spot, [shift_px])[0, :, height // 2]
    share = shift_px / (math.hypot(height - 1, width - 1) / 2)
    distance_px = place_px - width / 2
    red, green, blue = (centroid_x(channel) - width / 2 for channel in moved)
    assert green == pytest.approx(distance_px, abs=1e-4)
    assert red == pytest.approx(distance_px / (1 - share), abs=0.03)
    assert blue == pytest.approx(distance_px / (1 + share), abs=0.03)


def test_light_that_arrives_in_a_corner_has_come_as_far_as_the_aberration_says():
    height, width, shift_px = 61, 81, 5.0  # a corner is 50 pixels away
    ramp = torch.arange(width).float().expand(1, 3, height, width)
    moved = chromatic_aberration(ramp, [shift_px])[0]
    across_px = shift_px * 40 / 50
    assert float(moved[0, 0, -1]) == pytest.approx(width - 1 - across_px, abs=1e-3)
    assert float(moved[2, 0, 1]) == pytest.approx(0, abs=0.1)  # from outside: the border goes on


def test_no_aberration_moves_nothing():
    image = torch.rand(1, 3, 30, 40, generator=torch.Generator().manual_seed(2))
    torch.testing.assert_close(chromatic_aberration(image, [0.0]), image, atol=1e-5, rtol=0)
