"""Families of materials and wear, rendered: a sphere or a square of each under the studio sky."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import bpy
import numpy as np
import pytest
import trimesh
from blender.conftest import camera

from renderer.blender.lights import set_sky
from renderer.blender.materials import build_material
from renderer.blender.meshes import add_model
from renderer.blender.session import BlenderSession
from renderer.catalog.model import Family, Material, Model, TriangleMesh, Wear, flat_shaded
from renderer.recipe.objects import FAMILIES
from renderer.rotation import quaternion_about
from renderer.scene import Camera, Pose, SensorValues, Shot, Sky, View

SKY = Sky(image="built-in:studio.exr", rotation_wxyz=(1.0, 0.0, 0.0, 0.0), strength=1.0)
NEAR = camera(width_px=64, height_px=48, fx_px=64.0, fy_px=64.0, cx_px=32.0, cy_px=24.0)  # 1 m x 0.75 m
SQUARE = flat_shaded([(-1, -1, 0), (1, -1, 0), (1, 1, 0), (-1, 1, 0)], [(0, 1, 2), (0, 2, 3)])
BOX = trimesh.creation.box((0.6, 0.6, 0.6))
CUBE = flat_shaded(BOX.vertices, BOX.faces)
WHITE = Material(color=(0.8, 0.8, 0.8), roughness=0.8)
BLACK = replace(WHITE, color=(0.0, 0.0, 0.0))
ALL = {"stains": 0.5, "scratches": 0.5, "dust": 0.5, "fingerprints": 0.5}

Picture = np.ndarray
Taker = Callable[..., Picture]


def sphere() -> TriangleMesh:
    """Of 30 cm, shaded smoothly."""
    solid = trimesh.creation.icosphere(subdivisions=4, radius=0.3)
    mesh = flat_shaded(solid.vertices, solid.faces)
    return replace(mesh, smooth=np.ones(len(mesh.triangles), dtype=bool))


SPHERE = sphere()


@pytest.fixture(scope="module")
def take(session: BlenderSession) -> Iterator[Taker]:
    """Render meshes with their materials, at 4 samples; returns radiance."""

    def taken(*models: tuple[TriangleMesh, Material, Pose], seen_by: Camera = NEAR) -> Picture:
        for number, (mesh, material, pose) in enumerate(models):
            add_model(f"model.{number}", Model(mesh=mesh, materials=(material,)), pose, number + 1)
        set_sky(SKY, session.library)
        shot = Shot(sensor=SensorValues(), noise_seed=1, draws={})
        try:
            return session.trace(View(camera=seen_by, cycles_seed=1, shots=(shot,), draws={})).radiance
        finally:
            session.clear()

    kept = bpy.context.scene.cycles.samples
    bpy.context.scene.cycles.samples = 4
    yield taken
    bpy.context.scene.cycles.samples = kept


def made_of(family: str, seed: int = 3, size_m: float = 0.05, roughness: float = 0.4) -> Material:
    made = Family(kind=family, color_2=(0.1, 0.2, 0.6), size_m=size_m, seed=seed)
    return Material(color=(0.6, 0.3, 0.1), roughness=roughness, family=made, bump_m=0.0005)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize(
    ("size_m", "roughness", "seed"), [(1e-4, 0.0, 0), (10.0, 1.0, 10**9), (10.0, 0.0, 1), (1e-4, 1.0, 2)]
)
def test_a_family_gives_finite_light_at_its_extremes(take, family, size_m, roughness, seed):
    radiance = take((SPHERE, made_of(family, seed, size_m, roughness), Pose()))
    assert np.isfinite(radiance).all()
    assert radiance[16:32, 24:40].mean() > 0.002


@pytest.mark.parametrize("family", FAMILIES)
def test_only_equal_seeds_look_alike(take, family):
    first, again, other = (take((SPHERE, made_of(family, seed), Pose())) for seed in (3, 3, 4))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("family", FAMILIES)
def test_roughness_changes_what_is_seen(take, family):
    smooth, rough = (take((SPHERE, made_of(family, roughness=r), Pose())) for r in (0.1, 0.9))
    inside = (slice(10, 38), slice(18, 46))
    assert np.abs(smooth - rough)[inside].mean() > 0.05 * smooth[inside].mean()


def test_light_floor_shows_through_glass_and_a_dark_one_does_too(take):
    slab = flat_shaded(CUBE.vertices * (1, 1, 0.1), CUBE.triangles)
    above = Pose(position_m=(0.0, 0.0, 0.1))
    clear = made_of("glass", roughness=0.0)
    light, dark = (
        take((SQUARE, floor, Pose()), (slab, clear, above))[20:28, 28:36].mean() for floor in (WHITE, BLACK)
    )
    bare = take((SQUARE, WHITE, Pose()))[20:28, 28:36].mean()
    assert light > 0.4 * bare
    assert dark < 0.4 * light


@pytest.mark.parametrize("share", [0.15, 0.5, 0.85, 1.0])
def test_stains_cover_the_share_that_was_asked_for(take, share):
    fine = camera(width_px=320, height_px=240, fx_px=500.0, fy_px=500.0, cx_px=160.0, cy_px=120.0)
    clean = take((SQUARE, WHITE, Pose()), seen_by=fine)
    stained = take((SQUARE, replace(WHITE, wear=Wear(seed=5, stains=share)), Pose()), seen_by=fine)
    assert (stained < 0.93 * clean).any(axis=2).mean() == pytest.approx(share, abs=0.07)


def test_dust_lies_on_what_faces_up_alone(take):
    front = Pose(position_m=(0.0, -1.0, 0.0), rotation_wxyz=quaternion_about((1, 0, 0), -np.pi / 2))
    dusty = replace(BLACK, wear=Wear(seed=1, dust=1.0))
    top, clean_top = (take((CUBE, material, Pose()))[20:28, 28:36].mean() for material in (dusty, BLACK))
    side, clean_side = (
        take((CUBE, material, Pose()), seen_by=replace(NEAR, pose=front))[20:28, 28:36]
        for material in (dusty, BLACK)
    )
    assert top > 2 * clean_top
    np.testing.assert_allclose(side, clean_side, rtol=1e-4)


def test_dust_falls_in_the_world_and_not_in_the_object(take):
    upside_down = Pose(rotation_wxyz=quaternion_about((1, 0, 0), np.pi))
    dusty = replace(BLACK, wear=Wear(seed=1, dust=1.0))
    top, clean = (take((CUBE, material, upside_down))[20:28, 28:36].mean() for material in (dusty, BLACK))
    assert top > 2 * clean


@pytest.mark.parametrize("kind", ["scratches", "fingerprints"])
def test_more_of_a_trace_changes_more_of_the_surface(take, kind):
    glossy = replace(BLACK, roughness=0.05)
    near = replace(NEAR, fx_px=640.0, fy_px=640.0)
    clean = take((SQUARE, glossy, Pose()), seen_by=near)
    little, much = (
        take((SQUARE, replace(glossy, wear=Wear(seed=2, **{kind: amount})), Pose()), seen_by=near)
        for amount in (0.2, 1.0)
    )
    touched = [(np.abs(worn - clean) > 0.02 * clean).any(axis=2).mean() for worn in (little, much)]
    assert 0 < touched[0] < touched[1]


@pytest.mark.parametrize("family", FAMILIES)
def test_wear_lies_over_every_family(take, family):
    material = made_of(family)
    clean, worn = (take((SPHERE, m, Pose())) for m in (material, replace(material, wear=Wear(seed=1, **ALL))))
    assert np.isfinite(worn).all()
    assert not np.array_equal(clean, worn)


def test_wear_of_no_amount_adds_no_node(session):
    clean, unworn = (
        build_material(name, replace(WHITE, wear=wear)).blender_obj.node_tree
        for name, wear in (("clean", None), ("unworn", Wear(seed=1)))
    )
    assert len(clean.nodes) == len(unworn.nodes)
    session.clear()


def test_without_wear_pixels_stay(take):
    material = made_of("plastic")
    pictures = [take((SPHERE, replace(material, wear=wear), Pose())) for wear in (None, Wear(seed=1))]
    np.testing.assert_array_equal(*pictures)
