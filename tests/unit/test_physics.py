"""Physics: what falls comes to rest on what it meets, in nothing else, where it may, and always alike."""

import math
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import chisquare
from unit.recipes import dice_recipe
from unit.strategies import card, die, primitive, scene_of

from renderer.catalog.collision import solids_of
from renderer.catalog.dice import face_margin, face_up
from renderer.catalog.library import open_library
from renderer.catalog.solids import Solid
from renderer.catalog.sources import build_model
from renderer.catalog.surfaces import ground_solids
from renderer.randomize.scenes import sample_scene
from renderer.rotation import quaternion_about, rotation_matrix
from renderer.scene import Contact, Pose, Scene, SceneObject, View, scene_to_json
from renderer.settle import falls, kept, physics, settle, settle_without_physics
from renderer.settle.physics import Container, Place, come_to_rest
from renderer.settle.world import GAP_M, Body, build_world, placed_solid

LIBRARY = open_library(dice_recipe())
EDGE_M = 0.016
SHOWN_M = 1e-5  # nobody sees it
TURNED = quaternion_about((1, 2, 3), 0.8)


@pytest.fixture(autouse=True)
def _own_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("GAPLESS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(kept, "_recent", type(kept._recent)())


def falling(
    item: SceneObject, x: float, y: float, z: float, rotation: Sequence[float] = TURNED
) -> SceneObject:
    pose = Pose(position_m=(x, y, z), rotation_wxyz=tuple(rotation))
    return replace(item, contact=Contact.FALL, pose=pose)


def rotations(seed: int, count: int) -> list[tuple[float, ...]]:
    drawn = np.random.default_rng(seed).standard_normal((count, 4))
    return [tuple(row) for row in (drawn / np.linalg.norm(drawn, axis=1, keepdims=True)).tolist()]


def pile(seed: int, count: int = 15, spread_m: float = 0.02) -> list[SceneObject]:
    places = np.random.default_rng(seed).uniform(-spread_m, spread_m, (count, 2)).tolist()
    turns = rotations(seed + 1, count)
    return [falling(die(slot=n, face=1 + n % 6), *places[n], 0.02 + 0.02 * n, turns[n]) for n in range(count)]


def at_rest(*objects: SceneObject, **scene: Any) -> list[SceneObject]:
    return list(settle(scene_of(*objects, **scene), LIBRARY).objects)


def inside_m(points: np.ndarray, item: SceneObject) -> float:
    """How deep the deepest of some points in the world is in a die: below 0, the distance to it."""
    edge_m, rounding_m = (
        item.parameters["edge_m"],
        item.parameters["corner_fraction"] * item.parameters["edge_m"],
    )
    local = (points - item.pose.position_m) @ rotation_matrix(item.pose.rotation_wxyz)
    away = np.abs(local) - (edge_m / 2 - rounding_m)
    distance = np.linalg.norm(np.maximum(away, 0), axis=1) + np.minimum(away.max(axis=1), 0) - rounding_m
    return float(-distance.min())


def points_of(item: SceneObject) -> np.ndarray:
    vertices = build_model(item, LIBRARY).mesh.vertices
    return vertices @ rotation_matrix(item.pose.rotation_wxyz).T + item.pose.position_m


def height_m(item: SceneObject) -> float:
    return float(points_of(item)[:, 2].min())


def moved_in_a_second_m(objects: Sequence[SceneObject], tray_half_m: tuple[float, float] | None) -> float:
    """How far anything moves that is let go where it lies; another world than the one it came to rest in."""
    ground = scene_of(tray_half_m=tray_half_m).ground
    bodies = [Body(solids=solids_of(item, LIBRARY)) for item in objects]
    poses = np.array([(*item.pose.position_m, *item.pose.rotation_wxyz) for item in objects])
    world = build_world(bodies, poses, ground_solids(ground))
    moved = []
    for _ in range(10):
        world.advance(0.1)
        moved.append(world.moved_m(poses, world.poses()).max())
    return float(max(moved))


@pytest.mark.parametrize("tray_half_m", [None, (0.028, 0.032)], ids=["open", "tray"])
def test_a_pile_of_dice_lies_still_with_nothing_in_anything(tray_half_m):
    objects = at_rest(*pile(3, 12), tray_half_m=tray_half_m)
    assert len(objects) == 12
    if tray_half_m:
        assert max(item.pose.position_m[2] for item in objects) > EDGE_M  # some lie on others
    assert moved_in_a_second_m(objects, tray_half_m) <= 1e-4
    points = [points_of(item) for item in objects]
    for n, item in enumerate(objects):
        others = np.concatenate([p for m, p in enumerate(points) if m != n])
        assert inside_m(others, item) <= 0.01 * EDGE_M
        lowest = points[n][:, 2].min()
        assert lowest >= (0.0 if tray_half_m else -0.01 * EDGE_M)
    assert min(p[:, 2].min() for p in points) < 2 * GAP_M


def test_what_drifts_or_overlaps_would_be_seen():
    lying = replace(die(), pose=Pose(position_m=(0.0, 0.0, EDGE_M / 2)))
    beside = replace(lying, slot=1, pose=Pose(position_m=(0.9 * EDGE_M, 0.0, EDGE_M / 2)))
    assert inside_m(points_of(beside), lying) == pytest.approx(0.1 * EDGE_M, rel=0.2)
    tilted = replace(lying, pose=Pose(position_m=(0, 0, EDGE_M), rotation_wxyz=TURNED))
    assert moved_in_a_second_m([tilted], None) > 1e-3
    assert moved_in_a_second_m([lying], None) <= 1e-4


@pytest.mark.parametrize("edge_m", [0.002, 0.016, 0.2])
def test_a_die_dropped_flat_lies_at_half_its_edge(edge_m):
    (found,) = at_rest(falling(die(edge_m=edge_m), 0, 0, 3 * edge_m, quaternion_about((0, 0, 1), 0.3)))
    assert found.pose.position_m == pytest.approx((0, 0, edge_m / 2 + GAP_M), abs=max(SHOWN_M, 1e-4 * edge_m))
    assert face_margin(found.pose.rotation_wxyz, "right") == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize("size_m", [0.01, 0.3])
def test_a_ball_lies_on_the_floor_of_a_tray(size_m):
    ball = falling(primitive(shape="sphere", size_m=size_m), 0.1 * size_m, 0, 0.5 * size_m, (1, 0, 0, 0))
    (found,) = at_rest(ball, tray_half_m=(2 * size_m, 2 * size_m))
    assert height_m(found) == pytest.approx(GAP_M, abs=1e-3 * size_m)
    assert math.hypot(*found.pose.position_m[:2]) < 2 * size_m


@pytest.mark.parametrize("shape", ["box", "book", "sphere", "cylinder", "cone", "torus"])
def test_every_shape_falls_and_touches_what_it_lies_on(shape):
    item = falling(primitive(shape=shape, size_m=0.03, flatness=0.7), 0, 0, 0.03)
    (found,) = at_rest(item)
    assert height_m(found) == pytest.approx(GAP_M, abs=2e-4)  # a torus is of straight pieces


def test_a_die_lies_on_a_card_that_bends():
    below = card(bend_m=0.003)
    flat = falling(die(), 0, 0, 0.02, (1, 0, 0, 0))
    found = {item.kind: item for item in at_rest(below, flat)}
    assert height_m(found["die"]) == pytest.approx(0.0003 + 0.003 * (EDGE_M / 0.088) ** 2, abs=1e-4)
    far = falling(die(), 0, 0.04, 0.02, (1, 0, 0, 0))  # where the edge of the card is up
    assert next(i for i in at_rest(below, far) if i.kind == "die").pose.position_m[2] > EDGE_M / 2 + 0.001


def test_solids_of_a_card_hold_its_mesh():
    item = card(bend_m=-0.004, bend_axis_deg=20.0)
    corners = np.concatenate([np.asarray(s.vertices_m) + s.pose.position_m for s in solids_of(item, LIBRARY)])
    vertices = build_model(item, LIBRARY).mesh.vertices
    assert corners.min(axis=0) == pytest.approx(vertices.min(axis=0), abs=1e-4)
    assert corners.max(axis=0) == pytest.approx(vertices.max(axis=0), abs=1e-4)


def test_the_drawn_face_is_up_and_all_else_is_as_it_fell(monkeypatch):
    objects = pile(8, 12)
    for item, found in zip(objects, at_rest(*objects), strict=True):
        assert face_up(found.pose.rotation_wxyz, "right") == item.parameters["face"] == int(item.category)
    fallen = come_to_rest(*bodies_of(objects), Place(fixed=ground_solids(scene_of().ground)))
    monkeypatch.setattr(kept, "come_to_rest", lambda *_: fallen)
    kept._recent.clear()
    for item, pose, body in zip(at_rest(*objects), fallen, bodies_of(objects)[0], strict=True):
        assert tuple(item.pose.position_m) == tuple(pose[:3])
        turned = np.abs(rotation_matrix(pose[3:]).T @ rotation_matrix(item.pose.rotation_wxyz))
        assert turned == pytest.approx(np.round(turned), abs=1e-9)  # by quarters of the cube
        assert body.size_m == pytest.approx(EDGE_M)


def bodies_of(objects: Sequence[SceneObject]) -> tuple[list[Body], np.ndarray]:
    bodies = [Body(solids=solids_of(item, LIBRARY)) for item in objects]
    return bodies, np.array([(*item.pose.position_m, *item.pose.rotation_wxyz) for item in objects])


def test_dice_rest_on_all_faces_alike():
    turns = rotations(5, 240)
    spots = [(0.08 * (n % 16), 0.08 * (n // 16)) for n in range(len(turns))]
    objects = [falling(die(slot=n), *spots[n], 0.04, turns[n]) for n in range(len(turns))]
    rest = come_to_rest(*bodies_of(objects), Place(fixed=(Solid(shape="plane"),)))
    faces = [face_up(pose[3:], "right") for pose in rest if pose is not None]
    assert len(faces) == len(turns)
    assert chisquare(np.bincount(faces, minlength=7)[1:]).pvalue > 1e-3
    lies_flat = [face_margin(pose[3:], "right") > 1 - 1e-3 for pose in rest]
    assert all(lies_flat)


def test_a_die_that_leans_has_a_smaller_margin():
    wall = replace(primitive(shape="box", size_m=0.03), contact=Contact.AVOID)
    leaning = falling(die(), -0.015 - 0.45 * EDGE_M, 0, 0.06, quaternion_about((0, 1, 0), 0.6))
    found = next(
        i
        for i in at_rest(wall, leaning, falling(die(slot=1), -0.03, 0, 0.02))
        if i.slot == 0 and i.kind == "die"
    )
    upright = face_margin(found.pose.rotation_wxyz, "right")
    assert 0 <= upright <= 1
    half = face_margin(quaternion_about((1, 0, 0), math.pi / 6), "right")
    assert half == pytest.approx(math.cos(math.pi / 6) - 0.5)
    assert face_margin(quaternion_about((1, 0, 0), math.pi / 4), "left") == pytest.approx(0, abs=1e-12)


def test_nothing_leaves_its_tray_unless_it_may():
    objects = pile(4, 20, spread_m=0.012)
    half_m = (0.02, 0.02)  # too little room for all
    kept_in = at_rest(*objects, tray_half_m=half_m)
    assert 4 <= len(kept_in) < 20
    assert all(max(map(abs, item.pose.position_m[:2])) <= 0.02 for item in kept_in)
    scene = scene_of(*objects, tray_half_m=half_m)
    spilled = replace(scene, ground=replace(scene.ground, tray={**scene.ground.tray, "spill": True}))
    assert len(settle(spilled, LIBRARY).objects) > len(kept_in)


@pytest.mark.parametrize("spill", [True, False])
def test_whether_a_tray_may_spill_reaches_the_scene(spill):
    recipe = dice_recipe(**{"surface.tray.presence": True, "surface.tray.spill": spill})
    assert sample_scene(recipe, LIBRARY, 0).ground.tray["spill"] is spill


def test_what_falls_off_a_table_is_left_out():
    top = Solid(shape="box", half_size_m=(0.03, 0.03, 0.01), pose=Pose(position_m=(0, 0, -0.01)))
    floor = Solid(shape="plane", pose=Pose(position_m=(0.0, 0.0, -0.3)))
    objects = [falling(die(slot=n), x, 0, 0.03) for n, x in enumerate((0.0, 0.034))]
    rest = come_to_rest(*bodies_of(objects), Place(fixed=(top, floor)))
    assert rest[0] is not None
    assert rest[1] is None


def test_objects_that_begin_inside_each_other_are_lifted_apart():
    objects = [falling(die(slot=n), 0, 0, 0.0) for n in range(3)]
    found = at_rest(*objects)
    assert len(found) == 3
    assert all(math.hypot(*item.pose.position_m[:2]) < 0.06 for item in found)  # none was thrown


def test_time_is_bounded_and_what_does_not_come_to_rest_is_left_out(monkeypatch):
    advanced: list[float] = []
    original = physics.World.advance

    def counted(world, seconds):
        advanced.append(seconds / world.unit_s)
        original(world, seconds)

    monkeypatch.setattr(physics.World, "advance", counted)
    monkeypatch.setattr(physics, "REST_M", -1.0)  # nothing ever counts as at rest
    objects = [falling(die(slot=n), 0.05 * n, 0, 0.03) for n in range(2)]
    assert at_rest(*objects) == []
    limit = physics.LIMIT + len(physics.BRAKES) * (physics.BRAKED + physics.LIMIT_AGAIN + 60)
    assert sum(advanced) < physics.ROUNDS * limit


def test_a_world_that_breaks_leaves_the_scene_empty_and_no_file_behind(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    original = physics.World.advance

    def broken(world, seconds):
        world.data.qvel[:] = np.nan
        original(world, seconds)

    monkeypatch.setattr(physics.World, "advance", broken)
    assert at_rest(falling(die(), 0, 0, 0.03), tray_half_m=(0.05, 0.05)) == []
    assert [path.name for path in tmp_path.iterdir()] == ["cache"]


def test_a_ball_falls_into_a_cup():
    wall = [box_solid((math.cos(a) * 0.03, math.sin(a) * 0.03), a) for a in np.arange(12) * math.pi / 6]
    cup = Body(solids=(box_solid((0, 0), 0, half=(0.025, 0.025, 0.002), z=0.002), *wall))
    ball = Body(solids=solids_of(primitive(shape="sphere", size_m=0.02), LIBRARY))
    poses = np.array([(0, 0, 0.001, 1, 0, 0, 0), (0.004, 0.002, 0.08, 1, 0, 0, 0)], dtype=float)
    rest = come_to_rest([cup, ball], poses, Place(fixed=(Solid(shape="plane"),)))
    assert rest[1][2] == pytest.approx(0.004 + 2 * GAP_M, abs=1e-4)  # a ball's origin is its lowest point


def box_solid(xy: tuple[float, float], yaw: float, half=(0.002, 0.009, 0.02), z: float = 0.02) -> Solid:
    pose = Pose(position_m=(*xy, z), rotation_wxyz=quaternion_about((0, 0, 1), yaw))
    return Solid(shape="box", half_size_m=half, pose=pose)


def test_a_camera_follows_what_falls():
    from unit.frames import source_of

    view: View = replace(source_of(dice_recipe()).view, follows="die[0]")
    scene = replace(scene_of(*pile(2, 4)), views=(view,))
    found = settle(scene, LIBRARY)
    before, after = (np.array(s.objects[0].pose.position_m) for s in (scene, found))
    moved = np.subtract(found.views[0].camera.pose.position_m, view.camera.pose.position_m)
    assert moved == pytest.approx(after - before, abs=1e-12)
    assert abs(moved[2]) > 0.005


def test_what_is_held_stays_and_what_falls_can_be_left_for_later():
    held = replace(die(slot=9), contact=Contact.HELD, pose=Pose(position_m=(0.0, 0.0, 0.05)))
    scene = scene_of(*pile(2, 3), held)
    assert falls(scene)
    assert settle(scene, LIBRARY).objects[-1] == held
    assert settle_without_physics(scene, LIBRARY).objects == scene.objects
    assert not falls(settle_without_physics(scene_of(die(), held), LIBRARY))


def test_high_walls_face_inwards():
    for wall in Container(half_size_m=(0.1, 0.2)).high_walls():
        inward = rotation_matrix(wall.pose.rotation_wxyz)[:, 2]
        assert inward @ wall.pose.position_m == pytest.approx(-abs(sum(wall.pose.position_m)))


def test_a_piece_is_placed_as_its_object_is():
    solid = Solid(shape="box", half_size_m=(1, 2, 3), pose=Pose(position_m=(1.0, 0.0, 0.0)))
    pose = Pose(position_m=(0.0, 0.0, 5.0), rotation_wxyz=quaternion_about((0, 0, 1), math.pi / 2))
    assert placed_solid(solid, pose).pose.position_m == pytest.approx((0, 1, 5))


def fresh(scene: Scene) -> str:
    kept._recent.clear()
    return scene_to_json(settle(scene, LIBRARY))


def cached_files(tmp_path: Path) -> list[Path]:
    return sorted((tmp_path / "cache" / "settled").glob("*.json"))


def test_a_hit_equals_a_miss_byte_for_byte(tmp_path, monkeypatch):
    scene = scene_of(*pile(6, 6), tray_half_m=(0.05, 0.05))
    missed = fresh(scene)
    (file,) = cached_files(tmp_path)
    content = file.read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr(kept, "come_to_rest", None)  # whoever asks for it fails
        assert fresh(scene) == missed
        assert scene_to_json(settle(scene, LIBRARY)) == missed  # from memory
    for damage in (b"", b"{}", content[:-9], b"[1, 2]", content.replace(b"0.", b"NaN,", 1), b"\xff\xfe"):
        file.write_bytes(damage)
        assert fresh(scene) == missed
        assert file.read_bytes() == content


def test_the_cache_knows_scenes_apart():
    bodies, poses = bodies_of(pile(1, 3))
    place = Place(fixed=(Solid(shape="plane"),))
    keys = {
        kept.rest_key(bodies, poses, place),
        kept.rest_key(bodies, poses + 1e-12, place),
        kept.rest_key(bodies[:2] + bodies_of([falling(die(edge_m=0.0161), 0, 0, 0)])[0], poses, place),
        kept.rest_key(bodies, poses, replace(place, container=Container(half_size_m=(1.0, 1.0)))),
        kept.rest_key(bodies, poses, replace(place, fixed=())),
    }
    assert len(keys) == 5


def test_a_cache_that_cannot_be_written_is_none(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("GAPLESS_CACHE", str(tmp_path / "file"))
    assert len(at_rest(*pile(1, 2))) == 2


def test_another_process_settles_to_the_same_bytes(tmp_path):
    program = (
        "from unit.test_physics import *\n"
        "print(fresh(scene_of(*pile(6, 8), falling(primitive(shape='cone'), 0, 0, 0.3))))"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "GAPLESS_CACHE": str(tmp_path / name), "PYTHONPATH": os.pathsep.join(sys.path),
                 "PYTHONHASHSEED": name},
            capture_output=True, text=True, check=True,
        ).stdout
        for name in ("1", "2")
    }  # fmt: skip
    here = fresh(scene_of(*pile(6, 8), falling(primitive(shape="cone"), 0, 0, 0.3)))
    assert {text.strip() for text in found} == {here}
