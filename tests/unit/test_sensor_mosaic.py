"""The Bayer mosaic and its interpolation, against OpenCV and the filters of the paper."""

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from renderer.recipe.imaging import DEMOSAICS, MOSAICS
from renderer.sensor.mosaic import demosaic, mosaic

OPENCV = {
    "rggb": cv2.COLOR_BayerRGGB2RGB,
    "bggr": cv2.COLOR_BayerBGGR2RGB,
    "grbg": cv2.COLOR_BayerGRBG2RGB,
    "gbrg": cv2.COLOR_BayerGBRG2RGB,
}
# Malvar, He and Cutler (2004), figure 2, times 16: green at red and blue; a colour at green, in its row; and
# red at blue or blue at red.
AT_COLOR = np.array([[0, 0, -2, 0, 0], [0, 0, 4, 0, 0], [-2, 4, 8, 4, -2], [0, 0, 4, 0, 0], [0, 0, -2, 0, 0]])
IN_ROW = np.array(
    [[0, 0, 1, 0, 0], [0, -2, 0, -2, 0], [-2, 8, 10, 8, -2], [0, -2, 0, -2, 0], [0, 0, 1, 0, 0]]
)
ACROSS = np.array([[0, 0, -3, 0, 0], [0, 4, 0, 4, 0], [-3, 0, 12, 0, -3], [0, 4, 0, 4, 0], [0, 0, -3, 0, 0]])
patterns, methods = st.sampled_from(MOSAICS), st.sampled_from(DEMOSAICS)


def letters(pattern: str, height: int, width: int) -> np.ndarray:
    """The colour of each pixel's filter."""
    return np.tile(np.array(list(pattern)).reshape(2, 2), (height, width))[:height, :width]


def picture(height: int = 18, width: int = 23) -> torch.Tensor:
    return torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(4))


@given(patterns, st.integers(2, 9), st.integers(2, 9))
def test_each_pixel_keeps_the_channel_of_its_filter(pattern, height, width):
    image = picture(height, width)
    raw = mosaic(image, [pattern])[0, 0].numpy()
    for number, color in enumerate("rgb"):
        here = letters(pattern, height, width) == color
        np.testing.assert_array_equal(raw[here], image[0, number].numpy()[here])


@given(patterns, methods, st.tuples(*[st.floats(0, 1)] * 3), st.integers(3, 12), st.integers(3, 12))
def test_a_constant_colour_comes_back(pattern, method, color, height, width):
    image = torch.tensor(color)[None, :, None, None].expand(1, 3, height, width)
    back = demosaic(mosaic(image, [pattern]), [pattern], [method])
    torch.testing.assert_close(back, image, atol=1e-6, rtol=0)


@given(patterns, methods, st.tuples(*[st.floats(-0.01, 0.01)] * 6))
def test_smooth_gradients_come_back_but_for_the_border(pattern, method, slopes):
    y, x = torch.meshgrid(torch.arange(20.0), torch.arange(24.0), indexing="ij")
    image = torch.stack([0.5 + slopes[c] * x + slopes[c + 3] * y for c in range(3)])[None]
    back = demosaic(mosaic(image, [pattern]), [pattern], [method])
    torch.testing.assert_close(back[..., 2:-2, 2:-2], image[..., 2:-2, 2:-2], atol=2e-6, rtol=0)


@pytest.mark.parametrize("pattern", MOSAICS)
def test_bilinear_interpolation_is_that_of_opencv(pattern):
    raw = np.random.default_rng(0).integers(0, 256, (20, 26), dtype=np.uint8)
    expected = cv2.demosaicing(raw, OPENCV[pattern]).astype(float)
    ours = demosaic(torch.from_numpy(raw).float()[None, None], [pattern], ["bilinear"])[0].permute(1, 2, 0)
    np.testing.assert_allclose(ours.numpy()[1:-1, 1:-1], expected[1:-1, 1:-1], atol=0.51)


@pytest.mark.parametrize("kernel", [AT_COLOR, IN_ROW, ACROSS])
def test_the_filters_of_the_paper_sum_to_one(kernel):
    assert kernel.sum() == 16


@pytest.mark.parametrize("pattern", MOSAICS)
def test_malvars_interpolation_is_that_of_the_papers_filters(pattern):
    raw = mosaic(picture(), [pattern])
    plane, height, width = raw[0, 0].double().numpy(), raw.shape[2], raw.shape[3]
    at_color, in_row, in_column, across = (
        ndimage.correlate(plane, kernel / 16, mode="mirror")
        for kernel in (AT_COLOR, IN_ROW, IN_ROW.T, ACROSS)
    )
    sites = letters(pattern, height, width)
    back = demosaic(raw, [pattern], ["malvar"])[0].numpy()
    for number, color in enumerate("rgb"):
        rows = (sites == color).any(axis=1)[:, None]
        at_green = np.where(rows, in_row, in_column) if color != "g" else plane
        elsewhere = across if color != "g" else at_color
        expected = np.where(sites == color, plane, np.where(sites == "g", at_green, elsewhere))
        np.testing.assert_allclose(back[number], expected, atol=1e-6)


@given(st.permutations(range(4)), st.lists(methods, min_size=4, max_size=4))
def test_images_of_a_batch_have_patterns_and_methods_of_their_own(order, chosen):
    image = picture().expand(4, 3, -1, -1) * torch.tensor([0.5, 1.0, 2.0, 3.0])[:, None, None, None]
    kinds = [MOSAICS[n] for n in order]
    together = demosaic(mosaic(image, kinds), kinds, chosen)
    for n in range(4):
        alone = demosaic(mosaic(image[n : n + 1], kinds[n : n + 1]), kinds[n : n + 1], chosen[n : n + 1])
        assert torch.equal(alone[0], together[n])
