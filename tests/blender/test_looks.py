"""What materials look like and whose pixels they are, against closed forms and images drawn in numpy."""

import colorsys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import bpy
import cv2
import numpy as np
import pytest
import trimesh
from blender.conftest import camera, scene_of
from scipy.spatial import ConvexHull

from renderer.blender.engine import MOST_TRANSPARENT
from renderer.blender.lights import add_light, set_sky
from renderer.blender.meshes import add_model
from renderer.blender.session import BlenderSession
from renderer.buffers import Buffers
from renderer.catalog.model import Jitter, Maps, Material, Model, Texture, TriangleMesh, flat_shaded
from renderer.catalog.primitives import primitive_mesh
from renderer.randomize.cameras import camera_rotation
from renderer.rotation import transform
from renderer.scene import Camera, Light, LightType, Pose

GREY = Material(color=(0.5, 0.5, 0.5), roughness=1.0)
ABOVE = camera()
TILTED = camera(
    pose=Pose(
        position_m=(0.1, -0.5, 0.8),
        rotation_wxyz=camera_rotation(azimuth_deg=10, tilt_deg=30, roll_deg=20),
    )
)
ROUNDED_PX = 1  # whose opacity is a half but for the rounding of 32 bits
Trace = Callable[..., Buffers]


@pytest.fixture
def look(session: BlenderSession) -> Trace:
    """Trace models; model i has the id i + 1. The sky is even and white, unless a sun is all the light."""

    def traced(*models: Model, seen_by: Camera = ABOVE, sun_from: Pose | None = None) -> Buffers:
        with _stage(session, models, sun_from):
            return session.trace(replace(scene_of().views[0], camera=seen_by))

    return traced


@contextmanager
def _stage(session: BlenderSession, models: tuple[Model, ...], sun_from: Pose | None) -> Iterator[None]:
    try:
        for number, model in enumerate(models):
            add_model(f"model[{number}]", model, Pose(), number + 1)
        set_sky(replace(scene_of().sky, strength=0.0 if sun_from is not None else 1.0), session.library)
        if sun_from is not None:
            white = (1.0, 1.0, 1.0)
            add_light(
                Light(name="sun", type=LightType.SUN, pose=sun_from, energy_w=np.pi, color=white, size_m=0.1)
            )
        yield
    finally:
        session.clear()


def quad(half_m: float = 0.2, z_m: float = 0.0, colors: Any = None) -> TriangleMesh:
    """A square about the z axis that faces up; u runs along x and v along y."""
    h, z = half_m, z_m
    mesh = flat_shaded([(-h, -h, z), (h, -h, z), (h, h, z), (-h, h, z)], [(0, 1, 2), (0, 2, 3)])
    corners = np.array([(0, 0), (1, 0), (1, 1), (0, 1)], dtype=float)
    return replace(mesh, uvs=corners[mesh.triangles], colors=colors)


def model(mesh: TriangleMesh, material: Material = GREY) -> Model:
    return Model(mesh=mesh, materials=(material,))


def points_on_plane(seen_by: Camera, z_m: float = 0.0) -> np.ndarray:
    """Where the rays through the pixels' centres meet a plane of constant height, x and y."""
    columns, rows = np.meshgrid(np.arange(seen_by.width_px) + 0.5, np.arange(seen_by.height_px) + 0.5)
    rays = np.stack(
        [
            (columns - seen_by.cx_px) / seen_by.fx_px,
            (rows - seen_by.cy_px) / seen_by.fy_px,
            np.ones_like(rows),
        ],
        axis=-1,
    )
    world_from_camera = transform(seen_by.pose)
    rays = rays @ world_from_camera[:3, :3].T
    origin = world_from_camera[:3, 3]
    points: np.ndarray = origin + rays * ((z_m - origin[2]) / rays[..., 2])[..., None]
    return points[..., :2]


def bilinear(image: np.ndarray, uv: np.ndarray) -> np.ndarray:
    """Row 0 of the image is at v = 1; texels have their centres at half numbers."""
    height, width = image.shape
    x, y = uv[..., 0] * width - 0.5, (1 - uv[..., 1]) * height - 0.5
    x0, y0 = np.floor(x).astype(int), np.floor(y).astype(int)
    fx, fy = x - x0, y - y0

    def at(rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
        return image[rows % height, columns % width].astype(float)  # images repeat

    upper = (1 - fx) * at(y0, x0) + fx * at(y0, x0 + 1)
    lower = (1 - fx) * at(y0 + 1, x0) + fx * at(y0 + 1, x0 + 1)
    sampled: np.ndarray = (1 - fy) * upper + fy * lower
    return sampled


def leaf(size_px: int = 96) -> np.ndarray:
    """Opacity of a leaf: where two discs overlap, with soft edges a few texels wide."""
    x, y = np.meshgrid(np.linspace(-1, 1, size_px), np.linspace(-1, 1, size_px))
    inside = np.minimum(1.2 - np.hypot(x - 0.6, y), 1.2 - np.hypot(x + 0.6, y + 0.1))
    return np.uint8(np.clip(127.5 + inside * 900, 0, 255))


def leaf_material(cutoff: float | None) -> Material:
    alpha = leaf()
    green = np.full((*alpha.shape, 3), (40, 160, 30), dtype=np.uint8)
    return replace(
        GREY, color=(1.0, 1.0, 1.0), texture=Texture(pixels=green, alpha=alpha), alpha_cutoff=cutoff
    )


def leaf_oracle(seen_by: Camera, half_m: float, z_m: float) -> np.ndarray:
    """The pixels that a leaf on `quad` owns if nothing hides it."""
    uv = points_on_plane(seen_by, z_m) / (2 * half_m) + 0.5
    on_quad = ((uv > 0) & (uv < 1)).all(axis=-1)
    owned: np.ndarray = on_quad & (bilinear(leaf(), uv) >= 127.5)
    return owned


@pytest.mark.parametrize("seen_by", [ABOVE, TILTED], ids=["above", "tilted"])
@pytest.mark.parametrize("cutoff", [0.5, None], ids=["cut out", "blended"])
def test_a_leaf_owns_the_pixels_whose_centres_it_covers_by_half_or_more(look, cutoff, seen_by):
    behind, front = model(quad(0.25)), model(quad(0.2, 0.05), leaf_material(cutoff))
    ids = look(behind, front, seen_by=seen_by).ids
    expected = leaf_oracle(seen_by, 0.2, 0.05)
    assert 1000 < expected.sum() < 6000
    assert ((ids == 2) != expected).sum() <= ROUNDED_PX
    assert (ids[expected & (ids != 2)] == 1).all()
    on_quad = (np.abs(points_on_plane(seen_by, 0.05)) < 0.199).all(axis=-1)
    assert (ids[on_quad & ~expected] != 0).all()


@pytest.mark.parametrize("cutoff", [0.5, None], ids=["cut out", "blended"])
def test_of_stacked_leaves_the_first_that_covers_a_pixel_owns_it(look, cutoff):
    heights = (0.0, 0.04, 0.08)
    halves = (0.24, 0.19, 0.12)
    stack = [model(quad(h, z), leaf_material(cutoff)) for h, z in zip(halves, heights, strict=True)]
    buffers = look(model(quad(0.27, -0.05)), *stack)
    on_ground = (np.abs(points_on_plane(ABOVE, -0.05)) < 0.27).all(axis=-1)
    expected, depth = on_ground.astype(int), np.where(on_ground, 1.05, np.inf)
    for number, (half, height) in enumerate(zip(halves, heights, strict=True)):
        owned = leaf_oracle(ABOVE, half, height)
        expected[owned], depth[owned] = number + 2, 1 - height
    assert set(np.unique(expected)) == {0, 1, 2, 3, 4}
    assert (buffers.ids != expected).sum() <= ROUNDED_PX
    right = (buffers.ids == expected) & on_ground
    assert np.allclose(buffers.depth_z_m[right], depth[right], atol=1e-4)


@pytest.mark.parametrize(("alpha", "owner"), [(0.0, 1), (0.3, 1), (0.49, 1), (0.5, 2), (0.7, 2), (1.0, 2)])
def test_a_film_owns_its_pixels_from_half_opacity_up(look, alpha, owner):
    buffers = look(model(quad()), model(quad(0.2, 0.05), replace(GREY, alpha=alpha)))
    inside = (np.abs(points_on_plane(ABOVE, 0.05)) < 0.19).all(axis=-1)
    assert set(np.unique(buffers.ids[inside])) == {owner}
    assert np.allclose(buffers.depth_z_m[inside], 1.0 if owner == 1 else 0.95, atol=1e-4)


def test_a_film_still_blends_in_the_image(look):
    black, white = replace(GREY, color=(0.0, 0.0, 0.0)), replace(GREY, emission=(1.0, 1.0, 1.0), alpha=0.5)
    radiance = look(model(quad(), black), model(quad(0.2, 0.05), white)).radiance[50:70, 70:90]
    opaque = look(model(quad(0.2, 0.05), replace(white, alpha=1.0))).radiance[50:70, 70:90]
    assert 0.3 < radiance.mean() / opaque.mean() < 0.7


def test_many_layers_that_are_not_there_hide_nothing(look):
    layers = [
        model(quad(0.2, 0.002 * (1 + i)), replace(GREY, alpha=0.0)) for i in range(MOST_TRANSPARENT - 2)
    ]
    ids = look(model(quad()), *layers).ids
    assert set(np.unique(ids)) == {0, 1}


def test_a_glass_sphere_owns_its_silhouette_and_not_what_is_seen_through_it(look):
    shape = primitive_mesh({"shape": "sphere", "size_m": 0.2, "flatness": 1.0})
    glass = model(shape, Material(color=(1.0, 1.0, 1.0), roughness=0.0, transmission=1.0))
    behind = replace(quad(0.15), vertices=quad(0.15).vertices + (0.15, 0.0, -0.001))
    ids = look(model(behind), glass, seen_by=TILTED).ids
    expected = convex_silhouette(TILTED, shape.vertices)
    assert np.array_equal(ids == 2, expected)
    assert expected.sum() > 1000
    on_behind = (np.abs(points_on_plane(TILTED, -0.001) - (0.15, 0.0)) < 0.15).all(axis=-1)
    assert (on_behind & expected).sum() > 300
    assert np.array_equal(ids == 1, on_behind & ~expected)


def convex_silhouette(seen_by: Camera, vertices: np.ndarray) -> np.ndarray:
    """The pixels whose centres lie within the convex hull of the projected vertices."""
    camera_from_world = np.linalg.inv(transform(seen_by.pose))
    points = vertices @ camera_from_world[:3, :3].T + camera_from_world[:3, 3]
    pixels = points[:, :2] / points[:, 2:] * (seen_by.fx_px, seen_by.fy_px) + (seen_by.cx_px, seen_by.cy_px)
    columns, rows = np.meshgrid(np.arange(seen_by.width_px) + 0.5, np.arange(seen_by.height_px) + 0.5)
    sides = ConvexHull(pixels).equations
    inside: np.ndarray = (
        np.einsum("sk,hwk->hws", sides[:, :2], np.stack([columns, rows], axis=-1)) + sides[:, 2] < 0
    ).all(axis=-1)
    return inside


@pytest.mark.parametrize("seen_by", [ABOVE, TILTED], ids=["above", "tilted"])
def test_a_hole_in_a_plate_shows_what_lies_behind_it(look, seen_by):
    outer, inner, height = 0.2, 0.091, 0.06
    ids = look(model(quad(0.12)), model(plate(outer, inner, height)), seen_by=seen_by).ids
    reach = np.abs(points_on_plane(seen_by, height)).max(axis=-1)
    ring = (reach > inner) & (reach < outer)
    behind = (np.abs(points_on_plane(seen_by)) < 0.12).all(axis=-1) & ~ring
    assert (behind & (reach < inner)).sum() > 500
    assert np.array_equal(ids, np.where(ring, 2, np.where(behind, 1, 0)))


def plate(outer_m: float, inner_m: float, z_m: float) -> TriangleMesh:
    """A square with a square hole."""
    corners = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)])
    flat = np.concatenate([outer_m * corners, inner_m * corners])
    rim = [(i, (i + 1) % 4, 4 + (i + 1) % 4) for i in range(4)]
    hole = [(i, 4 + (i + 1) % 4, 4 + i) for i in range(4)]
    return flat_shaded(np.column_stack([flat, np.full(8, z_m)]), [*rim, *hole])


def test_ten_copies_of_a_model_each_have_their_own_id(look):
    copies = [model(quad(0.03)) for _ in range(10)]
    placed = [
        replace(
            item,
            mesh=replace(item.mesh, vertices=item.mesh.vertices + (0.07 * (i % 5) - 0.14, 0.1 * (i // 5), 0)),
        )
        for i, item in enumerate(copies)
    ]
    numbers, counts = np.unique(look(*placed).ids, return_counts=True)
    assert numbers.tolist() == list(range(11))
    assert (counts[1:] == 144).all()  # 60 mm are 12 pixels


OVERHEAD = Pose()
FROM_THE_RIGHT = Pose(rotation_wxyz=(np.cos(np.pi / 8), 0.0, np.sin(np.pi / 8), 0.0))  # 45 degrees to +X


def seen(look: Trace, material: Material, sun_from: Pose = OVERHEAD, colors: Any = None) -> np.ndarray:
    """The mean colour of a lit plane."""
    radiance = look(model(quad(0.4, colors=colors), material), sun_from=sun_from).radiance
    mean: np.ndarray = radiance[40:80, 50:110].mean(axis=(0, 1))
    return mean


def test_a_meshs_own_colors_are_linear_and_multiply_the_color(look):
    colors = np.broadcast_to([0.9, 0.5, 0.2, 1.0], (2, 3, 4))
    shown = seen(look, replace(GREY, vertex_colors=True), colors=colors)
    assert shown == pytest.approx(seen(look, replace(GREY, color=(0.45, 0.25, 0.1))), abs=1e-5)
    assert seen(look, GREY, colors=colors) == pytest.approx(seen(look, GREY), abs=1e-5)


def test_a_meshs_own_opacity_counts_where_the_material_says_so(look):
    colors = np.broadcast_to([1.0, 1.0, 1.0, 0.4], (2, 3, 4))
    inside = (np.abs(points_on_plane(ABOVE, 0.05)) < 0.19).all(axis=-1)
    for counts, owner in ((True, 1), (False, 2)):
        film = model(quad(0.2, 0.05, colors=colors), replace(GREY, vertex_colors=True, vertex_alpha=counts))
        assert (look(model(quad()), film).ids[inside] == owner).all()


def image_of(color: tuple[int, int, int]) -> Texture:
    return Texture(pixels=np.full((8, 8, 3), color, dtype=np.uint8))


CLAY = (0.6, 0.3, 0.2)


@pytest.mark.parametrize("hue_shift_deg", [-120.0, -15.0, 40.0, 180.0])
@pytest.mark.parametrize("texture", [None, image_of((190, 120, 80))], ids=["color", "texture"])
def test_jitter_turns_the_hue_by_the_angle(look, texture, hue_shift_deg):
    own = replace(GREY, color=(1.0, 1.0, 1.0) if texture else CLAY, texture=texture)
    shifted = replace(own, jitter=Jitter(hue_shift_deg=hue_shift_deg))
    before, after = (colorsys.rgb_to_hsv(*seen(look, material))[0] for material in (own, shifted))
    assert (after - before) * 360 % 360 == pytest.approx(hue_shift_deg % 360, abs=0.5)


@pytest.mark.parametrize(
    ("saturation", "value"), [(0.5, 1.0), (1.3, 1.0), (1.0, 0.6), (1.0, 1.5), (0.0, 4.0)]
)
def test_jitter_scales_saturation_and_brightness_up_to_white(look, saturation, value):
    hue, own_saturation, own_value = colorsys.rgb_to_hsv(*CLAY)
    changed = colorsys.hsv_to_rgb(hue, min(own_saturation * saturation, 1), own_value * value)
    material = replace(GREY, color=CLAY, jitter=Jitter(saturation_scale=saturation, value_scale=value))
    expected = seen(look, replace(GREY, color=tuple(min(c, 1.0) for c in changed)))
    assert seen(look, material) == pytest.approx(expected, abs=1e-4)


GREY_LEVELS = [0, 51, 128, 255]
SHINY = replace(GREY, color=(0.8, 0.5, 0.3), roughness=1.0, metallic=1.0)


@pytest.mark.parametrize("level", GREY_LEVELS)
def test_a_map_of_one_level_is_like_the_number(look, level):
    """8-bit maps are linear: 128 is a half."""
    mapped = replace(SHINY, maps=Maps(roughness=image_of((level,) * 3)))
    assert look(model(quad(), mapped)).radiance == pytest.approx(
        look(model(quad(), replace(SHINY, roughness=level / 255))).radiance, abs=1e-3
    )
    mapped = replace(SHINY, maps=Maps(metallic=image_of((level,) * 3)), roughness=0.5)
    number = replace(SHINY, metallic=level / 255, roughness=0.5)
    assert seen(look, mapped) == pytest.approx(seen(look, number), abs=1e-3)


def test_numbers_multiply_their_maps_and_jitter_shifts_roughness_within_its_range(look):
    half = Maps(roughness=image_of((128, 128, 128)))
    for material, roughness in (
        (replace(SHINY, roughness=0.5, maps=half), 64 / 255),
        (replace(SHINY, maps=half, jitter=Jitter(roughness_shift=-0.3)), 128 / 255 - 0.3),
        (replace(SHINY, maps=half, jitter=Jitter(roughness_shift=0.9)), 1.0),
        (replace(SHINY, roughness=0.2, jitter=Jitter(roughness_shift=-0.5)), 0.0),
    ):
        expected = look(model(quad(), replace(SHINY, roughness=roughness))).radiance
        assert look(model(quad(), material)).radiance == pytest.approx(expected, abs=1e-3)


def tilted_map(angle_deg: float, towards_deg: float, **placing: Any) -> Texture:
    """A normal map that tilts the surface everywhere by an angle, towards u (0) or v (90 degrees)."""
    angle, towards = np.radians([angle_deg, towards_deg])
    normal = (np.sin(angle) * np.cos(towards), np.sin(angle) * np.sin(towards), np.cos(angle))
    color = np.rint(255 * (np.array(normal) + 1) / 2).astype(np.uint8)
    return Texture(pixels=np.broadcast_to(color, (8, 8, 3)).copy(), **placing)


LAID = {
    "by its own coordinates": {},
    "flat": {"tile_size_m": 0.1, "flat": True},
    "on all sides": {"tile_size_m": 0.1},
}


@pytest.mark.parametrize("laid", LAID.values(), ids=LAID)
@pytest.mark.parametrize("towards_deg", [0, 90, 180])
def test_a_normal_map_tilts_the_surface_red_to_the_right_and_green_up(look, laid, towards_deg):
    mapped = replace(GREY, maps=Maps(normal=tilted_map(30, towards_deg, **laid)))
    normal = np.sin(np.pi / 6) * np.cos(np.radians(towards_deg)), np.cos(np.pi / 6)
    expected = (normal[0] + normal[1]) / np.sqrt(2)  # the cosine towards a sun at 45 degrees to the right
    ratio = seen(look, mapped, FROM_THE_RIGHT) / seen(look, GREY, OVERHEAD)
    assert ratio == pytest.approx(np.full(3, expected), rel=0.06)  # some light is mirrored


def test_a_normal_map_turns_with_its_tiles(look):
    turned = tilted_map(30, 0, tile_size_m=0.1, flat=True, turn_rad=np.pi / 2)
    straight = tilted_map(30, 90, tile_size_m=0.1, flat=True)
    pictures = [seen(look, replace(GREY, maps=Maps(normal=m)), FROM_THE_RIGHT) for m in (turned, straight)]
    assert pictures[0] == pytest.approx(pictures[1], rel=0.02)  # 8 bits have no exact zero


@pytest.mark.parametrize("laid", LAID.values(), ids=LAID)
def test_a_height_map_rises_by_bump_m_over_its_range(look, laid):
    edge_m = laid.get("tile_size_m", 0.8)  # of an image laid over the plane once
    ramp = np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 3, axis=-1)
    height = Texture(pixels=np.repeat(ramp, 4, axis=0), **laid)
    uphill = replace(GREY, maps=Maps(height=height), bump_m=edge_m * np.tan(np.pi / 9))
    expected = np.cos(np.pi / 4 + np.pi / 9)  # it faces away from a sun on the right by 20 degrees
    radiance = look(model(quad(0.4), uphill), sun_from=FROM_THE_RIGHT).radiance[40:80, 50:110]
    ratio = np.median(radiance, axis=(0, 1)) / seen(look, GREY)
    assert ratio == pytest.approx(np.full(3, expected), rel=0.08)


def marked(**placing: Any) -> Texture:
    """A black tile with a white disc right of and above its middle: at u = 0.7, v = 0.6."""
    x, y = np.meshgrid((np.arange(64) + 0.5) / 64, 1 - (np.arange(64) + 0.5) / 64)
    disc = np.uint8(255 * (np.hypot(x - 0.7, y - 0.6) < 0.12))
    return Texture(pixels=np.repeat(disc[..., None], 3, axis=-1), **placing)


def marks(picture: np.ndarray) -> np.ndarray:
    """Centres of the whole bright spots, x and y in pixels."""
    bright = np.uint8(picture[..., 1] > 0.3 * picture[..., 1].max())
    _, _, boxes, centres = cv2.connectedComponentsWithStats(bright, connectivity=4)
    height, width = bright.shape
    inside = (boxes[:, 0] > 0) & (boxes[:, 1] > 0)
    inside &= (boxes[:, 0] + boxes[:, 2] < width) & (boxes[:, 1] + boxes[:, 3] < height)
    found: np.ndarray = centres[inside & (boxes[:, 4] > 20)] + 0.5
    return found


WHITE = replace(GREY, color=(1.0, 1.0, 1.0))
PLACINGS = {
    "as drawn": {"tile_size_m": 0.2},
    "larger": {"tile_size_m": 0.3},
    "turned": {"tile_size_m": 0.2, "turn_rad": np.radians(25)},
    "shifted": {"tile_size_m": 0.2, "shift": (0.3, 0.85)},
    "all of it": {"tile_size_m": 0.17, "turn_rad": np.radians(-70), "shift": (0.5, 0.1)},
}


def expected_marks(
    tile_size_m: float, turn_rad: float = 0.0, shift: tuple[float, float] = (0.0, 0.0)
) -> np.ndarray:
    """Where the discs lie in a plane, metres: tiles about the origin, shifted along their edges, turned."""
    i, j = np.meshgrid(np.arange(-6, 7), np.arange(-6, 7))
    tiles = np.stack([i + 0.2 + shift[0], j + 0.1 + shift[1]], axis=-1).reshape(-1, 2) * tile_size_m
    c, s = np.cos(turn_rad), np.sin(turn_rad)
    places: np.ndarray = tiles @ np.array([[c, s], [-s, c]])
    return places


@pytest.mark.parametrize("flat", [True, False], ids=["flat", "on all sides"])
@pytest.mark.parametrize("placing", PLACINGS.values(), ids=PLACINGS)
def test_tiles_lie_where_their_size_turn_and_shift_say(look, placing, flat):
    material = replace(WHITE, texture=marked(flat=flat, **placing))
    found = marks(look(model(quad(0.5), material), sun_from=OVERHEAD).radiance)
    places = expected_marks(**placing) * (200, -200) + (80, 60)
    distances = np.linalg.norm(found[:, None] - places, axis=-1)
    assert len(found) >= 3
    assert distances.min(axis=1).max() < 0.5
    assert len(set(distances.argmin(axis=1))) == len(found)


def test_tiles_do_not_smear_on_the_sides_of_a_box(look):
    """Seen along +Y, a side shows tiles over x and z as the ground shows them over x and y."""
    in_front = Pose(position_m=(0.0, -1.2, 0.0), rotation_wxyz=(np.sqrt(0.5), -np.sqrt(0.5), 0.0, 0.0))
    faces = trimesh.creation.box((0.8, 0.4, 0.8))
    box = flat_shaded(faces.vertices, faces.faces)
    material = replace(WHITE, texture=marked(**PLACINGS["all of it"]))
    picture = look(model(box, material), seen_by=camera(pose=in_front), sun_from=in_front_sun()).radiance
    found = marks(picture)
    places = expected_marks(**PLACINGS["all of it"]) * (200, -200) + (80, 60)
    assert len(found) >= 4
    assert np.linalg.norm(found[:, None] - places, axis=-1).min(axis=1).max() < 0.5


def in_front_sun() -> Pose:
    """A sun that shines along +Y."""
    return Pose(rotation_wxyz=(np.sqrt(0.5), np.sqrt(0.5), 0.0, 0.0))


def test_equal_images_are_kept_once_and_gone_with_the_scene(look, session):
    texture = image_of((10, 20, 30))
    materials = [replace(GREY, texture=replace(texture, pixels=texture.pixels.copy())) for _ in range(3)]
    before = len(bpy.data.images)
    with _stage(session, tuple(model(quad(), material) for material in materials), None):
        assert len(bpy.data.images) == before + 1
    assert len(bpy.data.images) == before
