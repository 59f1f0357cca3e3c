"""Rays and triangles: exact where a pixel's centre lies, whatever is done at once, alone, or in parts."""

import itertools
import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from renderer.labels import hits
from renderer.labels.cast import Cast, cast_bodies
from renderer.labels.cutouts import Cutout, sampled
from renderer.labels.hits import UNKNOWN
from renderer.labels.rays import image_window, rays_of
from renderer.labels.triangles import Body, hidden_points
from renderer.scene import Camera, Lens, Pose

CPU = torch.device("cpu")
WIDTH, HEIGHT = 24, 16
CAMERA = Camera(
    width_px=WIDTH, height_px=HEIGHT, fx_px=20.0, fy_px=20.0, cx_px=WIDTH / 2, cy_px=HEIGHT / 2, pose=Pose()
)


def square(x0: float, y0: float, x1: float, y1: float, z: float = 1.0) -> np.ndarray:
    """Two triangles that face the camera."""
    a, b, c, d = (x0, y0, z), (x1, y0, z), (x1, y1, z), (x0, y1, z)
    return np.array([[a, b, c], [a, c, d]], dtype=np.float64)


def pixel_square(x0: float, y0: float, x1: float, y1: float, z: float = 1.0) -> np.ndarray:
    """As `square`, in pixels of CAMERA."""
    left, right = ((x - CAMERA.cx_px) / CAMERA.fx_px * z for x in (x0, x1))
    top, bottom = ((y - CAMERA.cy_px) / CAMERA.fy_px * z for y in (y0, y1))
    return square(left, top, right, bottom, z)


def place(corners: np.ndarray | None = None) -> Body:
    return Body(number=0, corners_m=np.zeros((0, 3, 3)) if corners is None else corners)


def labelled(corners: np.ndarray, number: int = 1, **more) -> Body:
    return Body(number=number, corners_m=corners, is_labelled=True, **more)


def cast(*bodies: Body, camera: Camera = CAMERA) -> Cast:
    return cast_bodies(bodies, camera, CPU)


def image_of(result: Cast, number: int = 0, size: tuple[int, int] = (HEIGHT, WIDTH)) -> np.ndarray:
    """The mask of a whole object, cut to the image."""
    whole, image = result.wholes[number], np.zeros(size, dtype=bool)
    x0, y0 = whole.origin_px
    for row, column in np.argwhere(whole.mask.numpy()) + (y0, x0):
        if 0 <= row < size[0] and 0 <= column < size[1]:
            image[row, column] = True
    return image


edges = st.floats(-10, 40).filter(lambda v: abs((v - 0.5) - round(v - 0.5)) > 1e-6)


@given(edges, edges, edges, edges)
def test_a_pixel_is_covered_where_its_centre_is(x0, y0, x1, y1):
    left, right, top, bottom = min(x0, x1), max(x0, x1), min(y0, y1), max(y0, y1)
    result = cast(place(), labelled(pixel_square(left, top, right, bottom)))
    columns, rows = np.arange(-WIDTH, 2 * WIDTH) + 0.5, np.arange(-HEIGHT, 2 * HEIGHT) + 0.5
    expected = np.outer((rows > top) & (rows < bottom), (columns > left) & (columns < right))
    image = expected[HEIGHT : 2 * HEIGHT, WIDTH : 2 * WIDTH]
    np.testing.assert_array_equal(result.ids.numpy() == 1, image)
    assert int(result.wholes[0].mask.sum()) == expected.sum()
    if expected.any():
        found = np.argwhere(expected).min(axis=0) - (HEIGHT, WIDTH)
        assert result.wholes[0].origin_px == (found[1], found[0])


def test_the_nearer_body_is_in_front_and_the_other_is_whole():
    near, far = pixel_square(4, 4, 10, 10, z=1.0), pixel_square(6, 2, 20, 8, z=3.0)
    result = cast(place(), labelled(far, 1), labelled(near, 2))
    ids = result.ids.numpy()
    assert (ids[4:10, 4:10] == 2).all()
    assert (ids == 1).sum() == 14 * 6 - 4 * 4
    assert image_of(result, 0).sum() == 14 * 6
    assert result.depth_z_m[5, 5] == pytest.approx(1.0)
    assert result.depth_z_m[3, 19] == pytest.approx(3.0)
    assert math.isinf(result.depth_z_m[15, 0])


def test_what_lies_behind_the_camera_is_cut_off_at_it():
    floor = np.array([[[-1, 0.2, -5], [1, 0.2, -5], [0, 0.2, 5]]], dtype=np.float64)
    behind = square(-1, -1, 1, 1, z=-2.0)
    result = cast(place(), labelled(floor), labelled(behind, 2))
    ids = result.ids.numpy()
    assert not (ids == 2).any()
    assert result.wholes[1].mask.numel() == 0
    row, column = np.argwhere(ids == 1)[0]
    assert result.depth_z_m[row, column] == pytest.approx(0.2 * CAMERA.fy_px / (row + 0.5 - CAMERA.cy_px))
    assert (ids[HEIGHT // 2 + 1 :, WIDTH // 2] == 1).all()


@pytest.mark.parametrize("name", ["LARGE_PX", "PAIRS_AT_ONCE"])
@pytest.mark.parametrize("value", [0, 7, 10**9])
def test_how_much_is_done_at_once_changes_nothing(monkeypatch, name, value):
    rng = np.random.default_rng(3)
    bodies = [place()]
    for number in range(1, 5):
        corners = rng.uniform((-1, -1, 0.5), (1, 1, 3), size=(12, 3, 3))
        bodies.append(labelled(corners, number, upper_face=rng.random(12) < 0.5))
    through_centres = pixel_square(3.5, 2.5, 21.5, 12.5, z=2.0)
    bodies.append(labelled(through_centres, 5, upper_face=np.array([True, False])))
    expected = cast(*bodies)
    monkeypatch.setattr(hits, name, value)
    result = cast(*bodies)
    assert torch.equal(result.ids, expected.ids)
    assert torch.equal(result.depth_z_m, expected.depth_z_m)
    for one, other in zip(result.wholes, expected.wholes, strict=True):
        assert one.origin_px == other.origin_px
        assert torch.equal(one.mask, other.mask)
        assert torch.equal(one.face, other.face)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU that torch can use")
def test_a_cast_on_the_gpu_equals_that_on_the_cpu():
    rng = np.random.default_rng(3)
    bodies = [place(rng.uniform((-1, -1, 0.5), (1, 1, 3), size=(500, 3, 3)))]
    bodies += [labelled(rng.uniform((-1, -1, 0.5), (1, 1, 3), size=(50, 3, 3)), n) for n in range(1, 9)]
    here, there = (cast_bodies(bodies, CAMERA, torch.device(name)) for name in ("cpu", "cuda"))
    assert torch.equal(here.ids, there.ids.cpu())
    assert torch.equal(here.depth_z_m, there.depth_z_m.cpu())
    for one, other in zip(here.wholes, there.wholes, strict=True):
        assert torch.equal(one.mask, other.mask.cpu())


def test_the_upper_face_is_what_shows_of_it_alone():
    front, back = pixel_square(4, 4, 12, 12, z=1.0), pixel_square(8, 4, 16, 12, z=2.0)
    is_upper = np.array([False, False, True, True])
    result = cast(place(), labelled(np.concatenate([front, back]), upper_face=is_upper))
    whole = result.wholes[0]
    assert whole.origin_px == (4, 4)
    assert whole.face is not None
    np.testing.assert_array_equal(whole.face.numpy(), np.indices((8, 12))[1] >= 8)


CHECKER = np.kron([[255, 0], [0, 255]], np.ones((4, 4))).astype(np.uint8)


def leaf(**more) -> Cutout:
    uvs = np.array([[(0, 1), (1, 1), (1, 0)], [(0, 1), (1, 0), (0, 0)]], dtype=np.float64)
    return Cutout(triangles=np.arange(2), least=0.5, alpha=1.0, image=CHECKER, uvs=uvs, **more)


def test_rays_go_through_what_is_transparent_by_alpha():
    result = cast(
        place(pixel_square(0, 0, 24, 16, z=9.0)), labelled(pixel_square(4, 4, 12, 12), cutouts=[leaf()])
    )
    expected = np.zeros((HEIGHT, WIDTH), dtype=bool)
    expected[4:12, 4:12] = CHECKER > 0  # row 0 of the texture is at v = 1, which is at the top here
    np.testing.assert_array_equal(result.ids.numpy() == 1, expected)
    np.testing.assert_array_equal(image_of(result), expected)
    assert (result.depth_z_m.numpy()[4:12, 4:12] == np.where(CHECKER > 0, 1, 9)).all()


def test_what_is_not_looked_up_is_unknown_where_it_is_in_front():
    body = labelled(pixel_square(4, 4, 12, 12), cutouts=[leaf(is_known=False)])
    result = cast(place(), body, labelled(pixel_square(10, 4, 20, 12, z=0.5), 2))
    ids = result.ids.numpy()
    assert (ids[4:12, 4:10] == UNKNOWN).all()
    assert (ids[4:12, 10:20] == 2).all()
    assert (ids == 0).sum() == WIDTH * HEIGHT - 8 * 16


@given(st.floats(-3, 3), st.floats(-3, 3))
def test_an_image_repeats_and_is_bilinear(u, v):
    image = np.arange(12, dtype=np.uint8).reshape(3, 4) * 20
    found = sampled(image, torch.tensor([u], dtype=torch.float64), torch.tensor([v], dtype=torch.float64))
    x, y = u * 4 - 0.5, (1 - v) * 3 - 0.5
    expected = sum(
        (1 - abs(x - column)) * (1 - abs(y - row)) * float(image[row % 3, column % 4])
        for column in (math.floor(x), math.floor(x) + 1)
        for row in (math.floor(y), math.floor(y) + 1)
    )
    assert float(found) == pytest.approx(expected / 255, abs=1e-9)


@pytest.mark.parametrize(
    "lens",
    [
        Lens(model="brown_conrady", coefficients=(-0.3, 0.1, 0.01, -0.02, 0.0)),
        Lens(model="fisheye", coefficients=(-0.05, 0.01, 0.0, 0.0)),
    ],
)
@pytest.mark.parametrize("split", [1, 6])
def test_under_a_lens_a_square_covers_the_rays_that_pass_it(lens, split):
    camera = Camera(
        width_px=WIDTH,
        height_px=HEIGHT,
        fx_px=14.0,
        fy_px=14.0,
        cx_px=12.0,
        cy_px=8.0,
        pose=Pose(),
        lens=lens,
    )
    ends = np.linspace(-0.4, 0.5, split + 1)
    tiles = [
        square(x0, y0, x1, y1, z=1.0)
        for x0, x1 in itertools.pairwise(ends)
        for y0, y1 in itertools.pairwise(ends)
    ]
    result = cast(place(), labelled(np.concatenate(tiles)), camera=camera)
    rays = rays_of(camera, image_window(camera), CPU).lens_rays.reshape(HEIGHT, WIDTH, 3).numpy()
    flat = rays[..., :2] / rays[..., 2:]
    expected = ((flat > -0.4) & (flat < 0.5)).all(axis=-1)
    assert 20 < expected.sum() < 300
    np.testing.assert_array_equal(result.ids.numpy() == 1, expected)
    np.testing.assert_allclose(result.depth_z_m.numpy()[expected], 1.0, rtol=1e-6)


def test_a_point_is_hidden_by_what_stands_before_it_and_not_by_its_own_surface():
    bodies = [place(), labelled(square(-0.1, -0.1, 0.1, 0.1, z=1.0))]
    points = np.array([[0, 0, 0.5], [0, 0, 1.0], [0, 0, 1.004], [0, 0, 2.0], [1.0, 0, 2.0]])
    assert hidden_points(bodies, points, np.full(5, 0.01)).tolist() == [False, False, False, True, False]


def test_points_are_hidden_as_rays_through_their_pixels_tell():
    rng = np.random.default_rng(5)
    bodies = [place(square(-9, -9, 9, 9, z=5.0))]
    bodies += [labelled(rng.uniform((-1, -1, 0.5), (1, 1, 3), size=(20, 3, 3)), n) for n in range(1, 5)]
    depth = cast(*bodies).depth_z_m.numpy()
    rows, columns = np.indices(depth.shape) + 0.5
    x, y = (columns - CAMERA.cx_px) / CAMERA.fx_px, (rows - CAMERA.cy_px) / CAMERA.fy_px
    points = np.stack([x, y, np.ones_like(x)], axis=-1).reshape(-1, 3) * 2.0
    found = hidden_points(bodies, points, np.full(len(points), 1e-9))
    np.testing.assert_array_equal(found, depth.ravel() < 2.0)
