"""Places: what is seen and what collides agree, and the layout area lies on every place whole."""

import math
from collections import Counter
from typing import Any

import numpy as np
import pytest
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import ConvexHull
from unit.recipes import dice_recipe, recipe_of
from unit.strategies import PLAIN

from renderer.catalog.cutaway import hides_layout
from renderer.catalog.library import open_library
from renderer.catalog.outlines import rounded_rectangle
from renderer.catalog.places import EDGE_M, SKIRTING_M, TRAY_FLOOR_M, WALL_M, Part, confines_m, parts_of
from renderer.catalog.solids import Solid
from renderer.catalog.surfaces import ground_models, ground_solids
from renderer.randomize.scenes import sample_scene
from renderer.recipe.places import LEGS, PLACES, TABLE_SHAPES
from renderer.scene import Ground, Scene, scene_from_json, scene_to_json

LIBRARY = open_library(dice_recipe())
EXACT_M = 1e-9
CHOICES = ("desk", "floor", "carpet", "shelf", "bin", "tray", "everywhere")
fractions = st.floats(-1, 1)


def sizes(low: float, high: float) -> st.SearchStrategy[float]:
    return st.floats(low, high)


trays = st.none() | st.fixed_dictionaries(
    {
        "wall_height_m": sizes(0.001, 0.5),
        "wall_thickness_m": sizes(5e-4, 0.1),
        "wall_slope_deg": st.just(0.0) | sizes(1, 60),
        "rounded": st.booleans(),
    }
)
tables = st.fixed_dictionaries(
    {
        "width_m": sizes(0.05, 3),
        "depth_m": sizes(0.05, 3),
        "x_fraction": fractions,
        "y_fraction": fractions,
        "height_m": sizes(0.3, 1),
        "thickness_m": sizes(0.004, 0.12),
        "shape": st.sampled_from(TABLE_SHAPES),
        "corner_radius_m": st.just(0.0) | sizes(0.001, 2),
        "edge_radius_m": sizes(1e-4, 0.05),
        "legs": st.sampled_from(LEGS),
        "leg_width_m": sizes(0.005, 0.3),
    }
)
shelves = st.fixed_dictionaries(
    {
        "width_m": sizes(0.05, 2),
        "depth_m": sizes(0.05, 1),
        "x_fraction": fractions,
        "y_fraction": fractions,
        "opening_m": sizes(0.05, 1),
        "thickness_m": sizes(0.003, 0.1),
        "height_m": sizes(0.15, 2),
    }
)
rooms = st.fixed_dictionaries(
    {
        "wall_distance_m": sizes(0, 5),
        "side_distance_m": sizes(0, 5),
        "size_m": sizes(0.1, 8),
        "height_m": sizes(0.1, 4),
        "skirting_m": st.just(0.0) | sizes(0.01, 0.1),
    }
)


@st.composite
def grounds(draw: st.DrawFn, place: str | None = None) -> Ground:
    place = place or draw(st.sampled_from([name for name in PLACES if name != "photo"]))
    parts: dict[str, Any] = {"beneath": PLAIN} if place in ("table", "shelf") else {}
    if place == "table":
        parts["table"] = draw(tables) | PLAIN
    if place == "shelf":
        parts["shelf"] = draw(shelves) | PLAIN
    if place in ("table", "shelf", "floor") and draw(st.booleans()):
        parts["room"] = draw(rooms) | PLAIN
    tray = draw(trays)
    return Ground(
        half_size_m=draw(st.tuples(sizes(0.01, 0.5), sizes(0.01, 0.5))),
        parameters=PLAIN,
        tray=None if tray is None else tray | PLAIN,
        place=place,
        parts=parts,
    )


def points_of(solid: Solid) -> np.ndarray:
    """Vertices of a box or a hull in the world; none here is turned."""
    assert solid.pose.rotation_wxyz == (1, 0, 0, 0)
    corners = np.array([(i, j, k) for i in (-1, 1) for j in (-1, 1) for k in (-1, 1)]) * solid.half_size_m
    own = corners if solid.vertices_m is None else solid.vertices_m
    return own + np.array(solid.pose.position_m)


def bounds(points: np.ndarray) -> np.ndarray:
    return np.array([points.min(axis=0), points.max(axis=0)])


def distances_m(points: np.ndarray, solids: tuple[Solid, ...]) -> np.ndarray:
    """How far each of the points lies outside of the nearest solid, at least; below 0 inside of it."""
    distances = []
    for solid in solids:
        hull = ConvexHull(points_of(solid))
        distances.append((points @ hull.equations[:, :3].T + hull.equations[:, 3]).max(axis=1))
    return np.min(distances, axis=0)


@settings(max_examples=30, deadline=None)
@given(grounds())
def test_what_collides_is_what_is_seen(ground):
    for part in parts_of(ground).values():
        if part.solids[0].shape == "plane":
            (solid,) = part.solids
            assert (part.mesh.vertices[:, 2] == solid.pose.position_m[2]).all()
            continue
        all_points = np.concatenate([points_of(solid) for solid in part.solids])
        assert bounds(all_points) == pytest.approx(bounds(part.mesh.vertices), abs=EXACT_M)
        assert distances_m(part.mesh.vertices, part.solids).max() < EXACT_M


@settings(max_examples=20, deadline=None)
@given(trays.filter(bool), st.tuples(sizes(0.01, 0.5), sizes(0.01, 0.5)))
def test_the_inside_of_a_tray_is_free(tray, half):
    """But for the slivers between a round corner and its chords, which are 2 % of its radius."""
    ground = Ground(half_size_m=half, parameters=PLAIN, tray=tray | PLAIN)
    solids = parts_of(ground)["tray"].solids
    for z in np.array([0.1, 0.5, 0.9]) * max(tray["wall_height_m"] - tray["wall_thickness_m"] / 2, 0.0):
        lean = 0.975 * z * math.tan(math.radians(tray["wall_slope_deg"]))
        outline = rounded_rectangle((half[0] + lean, half[1] + lean), lean if tray["rounded"] else 0.0)
        points = np.column_stack([outline * (1 - 1e-6), np.full(len(outline), z + EXACT_M)])
        assert (distances_m(points, solids) > 0).all()


@settings(max_examples=20, deadline=None)
@given(grounds())
def test_every_part_but_a_floor_is_closed_and_faces_outwards(ground):
    for part in parts_of(ground).values():
        if part.solids[0].shape != "plane":
            mesh = trimesh.Trimesh(part.mesh.vertices, part.mesh.triangles)  # joins points of one place
            edges = Counter(map(tuple, mesh.edges))
            assert all(edges[b, a] == count for (a, b), count in edges.items())
            assert mesh.volume > 0


def upper_outline(part: Part) -> np.ndarray:
    top = part.mesh.vertices[:, 2].max()
    return part.mesh.vertices[np.isclose(part.mesh.vertices[:, 2], top), :2]


def around(ground: Ground, margin_m: float) -> np.ndarray:
    w, d = (half + margin_m for half in ground.half_size_m)
    return np.array([(-w, -d), (w, -d), (w, d), (-w, d)])


@settings(max_examples=30, deadline=None)
@given(grounds())
def test_the_layout_area_lies_whole_on_a_surface_at_zero(ground):
    parts = parts_of(ground)
    top = parts[{"plane": "table", "table": "table", "floor": "floor", "shelf": "boards"}[ground.place]]
    assert top.mesh.vertices[:, 2].max() == pytest.approx(-TRAY_FLOOR_M if ground.tray else 0, abs=1e-12)
    wall_m = ground.tray["wall_thickness_m"] if ground.tray else 0.0
    edge_m = 0.0 if ground.place != "table" else ground.parts["table"]["edge_radius_m"]
    foot = around(ground, wall_m + max(EDGE_M - 1.5 * edge_m, 0.0) - EXACT_M)
    hull = ConvexHull(upper_outline(top))
    assert (foot @ hull.equations[:, :2].T + hull.equations[:, 2]).max() <= EXACT_M
    if ground.tray:
        floor = bounds(points_of(parts["tray"].solids[0]))
        assert floor[1] == pytest.approx([*ground.half_size_m, 0])


@pytest.mark.parametrize("shape", ["rectangle", "round"])
def test_a_table_is_flat_under_the_layout_area_however_round_its_edges_are(shape):
    size = {"width_m": 1.0, "depth_m": 1.0, "height_m": 1.0, "thickness_m": 0.15, "leg_width_m": 0.1}
    place = {"x_fraction": 0.0, "y_fraction": 0.0}
    form = {"shape": shape, "corner_radius_m": 0.0, "edge_radius_m": 0.05, "legs": "none"}
    parts = {"beneath": PLAIN, "table": size | place | form | PLAIN}
    ground = Ground(half_size_m=(0.5, 0.5), parameters=PLAIN, tray=None, place="table", parts=parts)
    hull = ConvexHull(upper_outline(parts_of(ground)["table"]))
    foot = around(ground, 0.0)
    assert (foot @ hull.equations[:, :2].T + hull.equations[:, 2]).max() <= EXACT_M


@settings(max_examples=30, deadline=None)
@given(grounds())
def test_nothing_but_a_tray_stands_where_objects_lie(ground):
    w, d = (half + EDGE_M for half in ground.half_size_m)
    opening_m = ground.parts["shelf"]["opening_m"] if ground.place == "shelf" else math.inf
    for name, part in parts_of(ground).items():
        for solid in part.solids if name != "tray" and part.solids[0].shape != "plane" else ():
            (x0, y0, z0), (x1, y1, z1) = bounds(points_of(solid))
            beside = x1 <= -w + EXACT_M or x0 >= w - EXACT_M or y1 <= -d + EXACT_M or y0 >= d - EXACT_M
            is_skirting = part.is_sheer and solid is not part.solids[0]
            assert beside or z1 <= EXACT_M or z0 >= opening_m - TRAY_FLOOR_M - EXACT_M or is_skirting


@given(grounds())
@settings(max_examples=30, deadline=None)
def test_ground_solids_are_those_of_all_parts(ground):
    assert len(ground_solids(ground)) == sum(len(part.solids) for part in parts_of(ground).values())


@pytest.mark.parametrize("choice", CHOICES)
def test_a_scene_of_every_choice_goes_to_json_and_back(choice):
    recipe = dice_recipe(f"surface={choice}")
    for index in range(4):
        scene = sample_scene(recipe, LIBRARY, index)
        assert scene_from_json(scene_to_json(scene)) == plain(scene)


def plain(scene: Scene) -> Scene:
    return scene_from_json(scene_to_json(scene))


@pytest.mark.parametrize("choice", CHOICES)
def test_walls_let_light_through_and_are_cut_away(choice):
    for index in range(2):
        ground = sample_scene(dice_recipe(f"surface={choice}"), LIBRARY, index).ground
        for name, model in ground_models(ground, LIBRARY).items():
            assert model.is_sheer == name.startswith("wall_")
            assert model.is_shell == name.startswith(("wall_", "board_above", "left", "right", "back"))


def test_a_place_draws_only_what_it_has():
    names = {
        place: set(sample_scene(dice_recipe(**{"surface.place": place}), LIBRARY, 0).draws)
        for place in ("plane", "table", "floor", "shelf")
    }
    groups = {p: {n.split(".")[1] for n in drawn if n.startswith("surface.")} for p, drawn in names.items()}
    assert groups["plane"] == {"place", "appearance", "tray"}
    assert groups["table"] == groups["plane"] | {"table", "beneath", "room"}
    assert groups["shelf"] == groups["plane"] | {"shelf", "beneath", "room"}
    assert groups["floor"] == groups["plane"] | {"room"}


def test_the_walls_of_a_bin_are_as_high_as_a_share_of_its_shorter_side():
    recipe = recipe_of("dice", "surface=bin", **{"surface.tray.wall_height_fraction": 0.5})
    for index in range(4):
        ground = sample_scene(recipe, LIBRARY, index).ground
        assert ground.tray is not None
        assert ground.tray["wall_height_m"] == pytest.approx(min(ground.half_size_m))
        assert "wall_height_fraction" not in ground.tray


def test_what_avoids_others_stays_on_its_table():
    def confined(place: str, **tray: Any) -> Any:
        return confines_m(Ground(half_size_m=(0.1, 0.2), parameters=PLAIN, tray=tray or None, place=place))

    assert confined("plane") is None
    assert confined("table") == confined("shelf") == (0.1 + EDGE_M, 0.2 + EDGE_M)
    assert confined("table", wall_height_m=0.1) == (0.1, 0.2)


LAYOUT = (0.2, 0.2)
WALL = ((-2.0, 0.5, 0.0), (2.0, 0.5 + WALL_M, 2.5))


@pytest.mark.parametrize(
    ("eye", "hidden"),
    [
        ((0.0, 1.0, 0.5), True),  # behind it
        ((0.0, 0.55, 0.5), True),  # in it
        ((0.0, 0.4, 0.5), False),  # before it
        ((0.0, -1.0, 0.5), False),  # it is behind the layout area
        ((0.0, 0.7, 4.5), False),  # over its upper edge: the line down meets its back face nowhere
        ((2.5, 1.0, 0.5), True),
    ],
)
def test_a_wall_hides_the_layout_area_from_a_camera_behind_it_alone(eye, hidden):
    assert hides_layout(*WALL, eye, LAYOUT) == hidden


def test_a_board_that_hides_but_a_little_stays():
    board = ((-1.0, -0.2, 0.3), (1.0, 0.2, 0.32))
    assert hides_layout(*board, (0.0, 0.0, 1.0), LAYOUT)
    assert not hides_layout(*board, (0.0, -1.0, 0.31), LAYOUT)


def test_skirting_boards_stand_out_to_the_inside():
    room = {"wall_distance_m": 1.0, "side_distance_m": 1.5, "size_m": 2.0, "height_m": 2.5, "skirting_m": 0.1}
    parts = parts_of(
        Ground(half_size_m=LAYOUT, parameters=PLAIN, tray=None, place="floor", parts={"room": room | PLAIN})
    )
    inside = LAYOUT[1] + EDGE_M + 1.0
    wall, skirting = (bounds(points_of(solid)) for solid in parts["wall_far"].solids)
    assert wall[:, 1] == pytest.approx([inside, inside + WALL_M])
    assert skirting[0, 1] == pytest.approx(inside - SKIRTING_M)
    right = bounds(points_of(parts["wall_right"].solids[0]))
    assert right[0, 0] == pytest.approx(LAYOUT[0] + EDGE_M + 1.5)
