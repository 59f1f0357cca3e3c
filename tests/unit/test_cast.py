"""Our ray caster against Embree's: ids, depth and whole masks, at the centres of pixels, without Blender."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from unit.mesh_files import shelf_of
from unit.recipes import recipe_of
from unit.scripts import load_script
from unit.shelves import brick, library_of, mesh_object
from unit.strategies import card, die, foreground, primitive, scene_of

from renderer.catalog.library import Library, open_library
from renderer.catalog.model import Material, Model, Texture, TriangleMesh
from renderer.labels.cast import Cast, Whole, cast_view
from renderer.labels.rays import image_window, rays_of, wide_window
from renderer.randomize.cameras import camera_rotation
from renderer.randomize.scenes import sample_scene
from renderer.rotation import transform, vector3
from renderer.scene import Camera, Lens, Placement, Pose, Scene, SceneObject, SensorValues, Shot, View
from renderer.settle import settle

oracle = load_script("oracle")
drawn = load_script("draw_perforated")
CPU = torch.device("cpu")
WIDTH, HEIGHT = 64, 48
BARE = open_library(recipe_of("dice"))
WHITE = Material(color=(1.0, 1.0, 1.0), roughness=0.5)


def camera(rng: np.random.Generator, distance_m: float = 0.3, **changes) -> Camera:
    """It looks at the origin from above, not always at the middle of the image."""
    rotation = camera_rotation(azimuth_deg=rng.uniform(0, 360), tilt_deg=rng.uniform(0, 75), roll_deg=8.0)
    ahead = transform(Pose(rotation_wxyz=rotation))[:3, 2]
    plain = Camera(
        width_px=WIDTH,
        height_px=HEIGHT,
        fx_px=rng.uniform(50, 90),
        fy_px=rng.uniform(50, 90),
        cx_px=rng.uniform(28, 36),
        cy_px=rng.uniform(20, 28),
        pose=Pose(position_m=vector3(-distance_m * ahead), rotation_wxyz=rotation),
    )
    return replace(plain, **changes)


def view_of(seen_by: Camera, *placements: Placement) -> View:
    shot = Shot(sensor=SensorValues(), noise_seed=1, draws={})
    return View(camera=seen_by, cycles_seed=1, shots=(shot,), draws={}, foreground=placements)


def anywhere(rng: np.random.Generator, half_m: float = 0.12) -> Pose:
    turn = rng.normal(size=4)
    x, y = rng.uniform(-half_m, half_m, 2)
    return Pose(
        position_m=(float(x), float(y), float(rng.uniform(0.0, 0.08))),
        rotation_wxyz=tuple(float(q) for q in turn / np.linalg.norm(turn)),
    )


def moved(rng: np.random.Generator, *items: SceneObject) -> list[SceneObject]:
    return [replace(item, pose=anywhere(rng)) for item in items]


def check(scene: Scene, view: View, library: Library = BARE) -> tuple[Cast, np.ndarray]:
    """Compare all that is cast; returns it, and the true ids."""
    found, truth = cast_view(scene, view, library, CPU), oracle.Oracle(scene, view, library)
    image = truth.image()
    assert_equal_but_for_rounding(found.ids.numpy(), image.ids, lambda u, v: truth.image_at(u, v).ids)
    assert_equal_depths(found.depth_z_m.numpy(), image.depth_z_m, truth)
    numbers = [n for n, item in enumerate(scene.objects, start=1) if item.category is not None]
    assert len(found.wholes) == len(numbers)
    for number, whole in zip(numbers, found.wholes, strict=True):
        assert_equal_but_for_rounding(
            in_window(whole),
            truth.whole(number),
            lambda u, v, number=number: truth.whole_at(number, u - WIDTH, v - HEIGHT),
        )
    return found, image.ids


def assert_equal_but_for_rounding(found: np.ndarray, true: np.ndarray, shows) -> None:
    """Where they differ, an edge is so close to the centre that 32 bits cannot tell; and that is rare."""
    different = found != true
    assert different.sum() <= 3
    assert oracle.off_edges_px(shows, different) == 0


def assert_equal_depths(found: np.ndarray, true: np.ndarray, truth) -> None:
    met = np.isfinite(true)
    assert (np.isfinite(found) != met).sum() <= 3
    far = np.zeros_like(met)
    both = met & np.isfinite(found)
    far[both] = np.abs(found[both] / true[both] - 1) > 1e-5
    if far.any():
        around = [truth.image_at(u, v).depth_z_m[0] for u, v in oracle.places(far, oracle.AROUND)]
        assert np.abs(found[far] / np.stack(around) - 1).min(axis=0).max() < 1e-3
        assert far.sum() <= 3


def in_window(whole: Whole) -> np.ndarray:
    """A whole mask in the image and one image further on each side."""
    window = np.zeros((3 * HEIGHT, 3 * WIDTH), dtype=bool)
    mask = whole.mask.numpy()
    left, top = whole.origin_px[0] + WIDTH, whole.origin_px[1] + HEIGHT
    window[top : top + mask.shape[0], left : left + mask.shape[1]] = mask
    return window


def bounds_are_tight(whole: Whole) -> bool:
    mask = whole.mask
    return bool(mask[0].any() and mask[-1].any() and mask[:, 0].any() and mask[:, -1].any())


@pytest.mark.parametrize("seed", range(4))
def test_dice_cards_and_clutter_are_where_embree_finds_them(seed):
    rng = np.random.default_rng(seed)
    items = moved(
        rng,
        *(die(slot=n, face=n + 1, edge_m=0.03) for n in range(6)),
        *(card(slot=n, bend_m=0.01, bend_axis_deg=40.0) for n in range(3)),
        *(primitive(shape=shape, size_m=0.05) for shape in ("box", "torus", "sphere")),
        foreground(shape="finger", size_m=0.1),
    )
    before = Pose(position_m=(0.02, 0.03, 0.15), rotation_wxyz=(0.5, 0.5, 0.5, 0.5))
    view = view_of(camera(rng), Placement(name=items[-1].name, pose=before, scale=0.4))
    found, true = check(scene_of(*items, tray_half_m=(0.1, 0.1)), view)
    assert len(np.unique(true)) >= 8
    assert all(bounds_are_tight(whole) for whole in found.wholes if whole.mask.numel())
    assert [whole.face is not None for whole in found.wholes] == [True] * 6 + [False] * 3


@pytest.fixture(scope="module")
def perforated(tmp_path_factory) -> Library:
    """The meshes with holes and alpha that the script writes, read as a user's are."""
    folder = tmp_path_factory.mktemp("perforated")
    drawn.write_shapes(folder)
    return replace(BARE, shelves={"mesh": shelf_of(folder, allow_flat=True)})


@pytest.mark.parametrize("seed", range(4))
def test_holes_and_cutouts_show_what_lies_behind(perforated, seed):
    rng = np.random.default_rng(100 + seed)
    items = moved(
        rng, *(mesh_object(f"{name}/{name}.glb", size_m=0.1, slot=n) for n, name in enumerate(drawn.SHAPES))
    )
    assert perforated.shelves["mesh"].broken == ()
    _, true = check(scene_of(*items), view_of(camera(rng)), perforated)
    assert len(np.unique(true)) >= 6


def test_a_leaf_owns_less_than_its_sheet(perforated):
    rng = np.random.default_rng(0)
    leaf = mesh_object("leaf/leaf.glb", Pose(position_m=(0.0, 0.0, 0.1)), size_m=0.1)
    view = view_of(camera(rng))
    (whole,), _ = check(scene_of(leaf), view, perforated)[0].wholes, None
    bare = replace(leaf, parameters=leaf.parameters | {"look": "replace"})
    (sheet,) = cast_view(scene_of(bare), view, perforated, CPU).wholes
    assert 0.3 < float(whole.mask.sum() / sheet.mask.sum()) < 0.8


def speckled_sheet() -> Model:
    """20 x 20 quads whose corners have opacities of their own, under an image that has some too."""
    rng = np.random.default_rng(5)
    y, x = (axis.ravel() for axis in np.mgrid[-0.05:0.05:21j, -0.05:0.05:21j])
    corner = np.arange(21 * 20).reshape(20, 21)[:, :-1].ravel()
    quads = np.column_stack([corner, corner + 1, corner + 22, corner + 21])
    triangles = np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])
    colors = np.column_stack([np.ones((21 * 21, 3)), rng.uniform(0.3, 1.0, 21 * 21)])
    image = np.full((7, 5, 3), 200, dtype=np.uint8)
    texture = Texture(pixels=image, alpha=rng.integers(80, 256, (7, 5)).astype(np.uint8))
    mesh = TriangleMesh(
        vertices=np.column_stack([x, y, np.zeros_like(x)]),
        triangles=triangles,
        material_index=(np.arange(len(triangles)) % 2).astype(np.int32),
        smooth=np.zeros(len(triangles), dtype=bool),
        uvs=(np.column_stack([x, y]) * 31 + 0.3)[triangles],
        colors=colors[triangles],
    )
    cut = replace(WHITE, texture=texture, vertex_alpha=True, alpha_cutoff=0.35)
    return Model(mesh=mesh, materials=(cut, replace(WHITE, vertex_alpha=True, alpha=0.8)))


@pytest.mark.parametrize("seed", range(4))
def test_opacity_of_numbers_images_and_vertices_multiply(monkeypatch, seed):
    models = {
        "sheet/a": speckled_sheet(),
        "absent/b": brick(0.06, 0.06, 0.06, replace(WHITE, alpha=0.49)),
        "there/c": brick(0.06, 0.06, 0.06, replace(WHITE, alpha=0.51)),
    }
    library = library_of(monkeypatch, models)
    rng = np.random.default_rng(200 + seed)
    items = moved(rng, *(mesh_object(name, slot=n) for n, name in enumerate([*models, "sheet/a", "sheet/a"])))
    found, true = check(scene_of(*items), view_of(camera(rng)), library)
    assert not (true == 2).any()
    assert found.wholes[1].mask.numel() == 0
    assert (true == 3).sum() > 20


@pytest.mark.parametrize("seed", range(2))
def test_objects_beyond_the_border_are_seen_whole(seed):
    rng = np.random.default_rng(300 + seed)
    items = [replace(die(slot=n, edge_m=0.04), pose=anywhere(rng, 0.25)) for n in range(12)]
    found, _ = check(scene_of(*items), view_of(camera(rng)))
    windows = [in_window(whole) for whole in found.wholes]
    outside = [w.sum() - w[HEIGHT : 2 * HEIGHT, WIDTH : 2 * WIDTH].sum() for w in windows]
    assert sum(count > 20 for count in outside) >= 3


def test_what_lies_behind_the_camera_is_not_seen_and_what_lies_partly_behind_is_cut_off():
    rng = np.random.default_rng(4)
    seen_by = camera(rng, fx_px=40.0)
    eye = np.array(seen_by.pose.position_m)
    right, _, ahead = transform(seen_by.pose)[:3, :3].T
    around, behind = die(slot=0, edge_m=0.3), die(slot=1, edge_m=0.05)
    tilted = (0.9, 0.1, 0.3, math.sqrt(1 - 0.91))
    around = replace(around, pose=Pose(position_m=vector3(eye + 0.25 * right), rotation_wxyz=tilted))
    behind = replace(behind, pose=Pose(position_m=vector3(eye - 0.2 * ahead), rotation_wxyz=tilted))
    found, true = check(scene_of(around, behind), view_of(seen_by))
    assert found.wholes[1].mask.numel() == 0
    assert in_window(found.wholes[0]).sum() > (true == 1).sum() > 20


@pytest.mark.parametrize("index", range(2))
@pytest.mark.parametrize("name", ["dice", "cards"])
def test_frames_of_recipes_agree_in_every_place(name, index):
    recipe = recipe_of(
        name,
        "layout=mixed",
        "surface=everywhere",
        f"objects=[{name},foreground]",
        **{"objects.foreground.count": 2, "camera.width_px": WIDTH, "camera.height_px": HEIGHT},
    )
    library = open_library(recipe)
    scene = settle(sample_scene(recipe, library, index), library)
    check(scene, scene.views[0], library)


def test_without_labelled_objects_there_is_no_whole_mask():
    found, _ = check(scene_of(primitive()), view_of(camera(np.random.default_rng(6))))
    assert found.wholes == []


LENSES = {
    "brown_conrady": Lens(model="brown_conrady", coefficients=(-0.2, 0.05, 0.001, -0.002, 0.0)),
    "fisheye": Lens(model="fisheye", coefficients=(-0.02, 0.003, -0.001, 0.0)),
}


@pytest.mark.parametrize("model", LENSES)
def test_under_a_lens_rays_meet_what_embree_says_they_meet(model):
    """Where the rays go is checked against closed forms elsewhere."""
    rng = np.random.default_rng(7)
    items = moved(rng, *(die(slot=n, edge_m=0.04) for n in range(6)), primitive(shape="torus", size_m=0.06))
    scene, view = scene_of(*items), view_of(camera(rng, lens=LENSES[model], fx_px=40.0, fy_px=40.0))
    found, truth = cast_view(scene, view, BARE, CPU), oracle.Oracle(scene, view, BARE)
    window = wide_window(view.camera)
    assert image_window(view.camera) == (0, 0, WIDTH, HEIGHT)
    rays = rays_of(view.camera, window, CPU).lens_rays.numpy()
    is_ray = np.isfinite(rays[:, 2])
    numbers, distance = (np.zeros(len(rays), dtype=int), np.full(len(rays), np.inf))
    numbers[is_ray], distance[is_ray] = truth.along(rays[is_ray])
    image = np.s_[HEIGHT : 2 * HEIGHT, WIDTH : 2 * WIDTH]
    ids = numbers.reshape(3 * HEIGHT, 3 * WIDTH)[image]
    depth = (distance * rays[:, 2]).reshape(3 * HEIGHT, 3 * WIDTH)[image]
    assert (found.ids.numpy() != ids).sum() <= 3
    assert len(np.unique(ids)) >= 5
    met = np.isfinite(depth)
    assert np.median(np.abs(found.depth_z_m.numpy()[met] / depth[met] - 1)) < 1e-6
    for number, whole in enumerate(found.wholes, start=1):
        alone = np.zeros(len(rays), dtype=bool)
        alone[is_ray] = truth.whole_along(number, rays[is_ray])
        assert (in_window(whole).ravel() != alone).sum() <= 3


def test_the_upper_face_of_a_die_is_its_square_up_to_half_of_the_rounded_edges():
    edge_m, corner_fraction = 0.1, 0.1
    flat = die(face=2, edge_m=edge_m, corner_fraction=corner_fraction)
    flat = replace(flat, pose=replace(flat.pose, position_m=(0.0, 0.0, edge_m / 2)))
    above = Camera(
        width_px=WIDTH, height_px=HEIGHT, fx_px=80.0, fy_px=80.0, cx_px=32.0, cy_px=24.0,
        pose=Pose(position_m=(0.0, 0.0, edge_m + 0.2), rotation_wxyz=(0.0, 1.0, 0.0, 0.0)),
    )  # fmt: skip
    (whole,) = cast_view(scene_of(flat), view_of(above), BARE, CPU).wholes
    full = in_window(replace(whole, mask=whole.face))[HEIGHT : 2 * HEIGHT, WIDTH : 2 * WIDTH]
    v, u = np.mgrid[:HEIGHT, :WIDTH] + 0.5
    from_middle_m = np.maximum(np.abs(u - 32), np.abs(v - 24)) / 80 * 0.2
    assert full[from_middle_m < edge_m / 2 * (1 - 2 * corner_fraction)].all()
    assert not full[from_middle_m > edge_m / 2].any()
