"""The truth that labels are measured against: Embree's rays through the centres of pixels, nothing of ours.

It takes a scene's triangles and materials from the catalog and casts one ray for each pixel. Embree computes
in 32 bits: the camera is moved to the origin first, so that a coordinate at arm's length is wrong by 3e-8 m
and an edge by some 1e-4 px. Which triangle is hit first is Embree's word; where on it, is found in 64 bits.

Left out are the opacity of images that repeat in tiles and, but for rays that are given, lenses that bend.
It is no command: check_labels.py and the tests take it.
"""

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from embreex.mesh_construction import TriangleMesh
from embreex.rtcore_scene import EmbreeScene
from jaxtyping import Bool, Float, Int, UInt8

from renderer.catalog.cutaway import hides_layout
from renderer.catalog.library import Library
from renderer.catalog.model import Material, Model
from renderer.catalog.sources import build_model
from renderer.catalog.surfaces import ground_models
from renderer.rotation import transform, vector3
from renderer.scene import Camera, Placement, Pose, Scene, View

NEAR_M = 0.001  # along the optical axis: what is closer, no camera of ours sees
OWNING_OPACITY = 0.5
MOST_TRANSPARENT = 64  # surfaces that a ray goes through; the next one is opaque
FAR_M = 1000.0
STEP_M = 1e-6  # behind a surface that a ray goes through, where it starts again; more where it meets it again
Shifts = Sequence[tuple[float, float]]
EDGE_PX = 0.02  # of a pixel's centre: an edge so close is decided by rounding
EXACTLY: Shifts = [(0.0, 0.0)]
# Also much closer: where a ray grazes a surface, a thousandth of a pixel changes its depth by a thousandth.
_ALONG = (0.0, -0.001, 0.001, -0.005, 0.005, -EDGE_PX, EDGE_PX)
AROUND: Shifts = list(itertools.product(_ALONG, repeat=2))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Part:
    """A model where the camera sees it.

    Attributes:
        number: what the id buffer shows.
        corners: of its triangles in the camera's frame, metres.
    """

    number: int
    model: Model
    corners: Float[np.ndarray, "t 3 3"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Seen:
    """What the rays of an image meet; depth is infinite where that is nothing."""

    ids: Int[np.ndarray, "h w"]
    depth_z_m: Float[np.ndarray, "h w"]


class Oracle:
    """What a view of a scene at rest shows."""

    def __init__(self, scene: Scene, view: View, library: Library) -> None:
        self.camera = view.camera
        objects = _object_parts(scene, view, library)
        self._parts = {part.number: part for part in objects}
        self._all = _Surfaces([*_place_parts(scene, view, library), *objects])

    def image(self) -> Seen:
        """The whole image."""
        return self.image_at(*pixel_centres(0, 0, self.camera.width_px, self.camera.height_px))

    def image_at(self, u: Float[np.ndarray, "h w"], v: Float[np.ndarray, "h w"]) -> Seen:
        """What rays through any points of the image meet."""
        numbers, depth_z_m = self.along(_rays(self.camera, u, v))
        return Seen(ids=numbers.reshape(u.shape), depth_z_m=depth_z_m.reshape(u.shape))

    def along(self, rays: Float[np.ndarray, "n 3"]) -> tuple[Int[np.ndarray, " n"], Float[np.ndarray, " n"]]:
        """What rays of any directions in the camera's frame meet, and how many of their lengths away."""
        owners, distance = self._all.cast(rays)
        numbers = np.append(self._all.numbers, 0)  # the last one is that of no triangle, -1
        return numbers[owners], distance

    def whole(self, number: int) -> Bool[np.ndarray, "3*h 3*w"]:
        """An object alone, in the image and one image further on each side."""
        width, height = self.camera.width_px, self.camera.height_px
        mask = np.zeros((3 * height, 3 * width), dtype=bool)
        corners = self._parts[number].corners
        x0, y0, x1, y1 = _window(self.camera, corners.reshape(-1, 3))
        if x0 < x1 and y0 < y1:
            shown = self.whole_at(number, *pixel_centres(x0, y0, x1, y1))
            mask[y0 + height : y1 + height, x0 + width : x1 + width] = shown
        return mask

    def whole_at(
        self, number: int, u: Float[np.ndarray, "h w"], v: Float[np.ndarray, "h w"]
    ) -> Bool[np.ndarray, "h w"]:
        """Whether rays through any points meet an object that is alone."""
        return self.whole_along(number, _rays(self.camera, u, v)).reshape(u.shape)

    def whole_along(self, number: int, rays: Float[np.ndarray, "n 3"]) -> Bool[np.ndarray, " n"]:
        """Whether rays of any directions meet an object that is alone."""
        owners, _ = _Surfaces([self._parts[number]]).cast(rays)
        return np.asarray(owners >= 0)


def off_edges_px(shows: Callable[..., np.ndarray], different: Bool[np.ndarray, "h w"]) -> int:
    """Pixels on which all rays around the centre agree.

    Args:
        shows: what is shown at points u and v.
    """
    if not different.any():
        return 0
    shown = np.stack([shows(u, v) for u, v in places(different, AROUND)])
    return int((shown == shown[0]).all(axis=0).sum())


def places(mask: Bool[np.ndarray, "h w"], shifts: Shifts) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The u and v of the pixels of a mask, in one row, at each of the shifts from their centres."""
    rows, columns = np.nonzero(mask)
    return ((columns[None] + 0.5 + x, rows[None] + 0.5 + y) for x, y in shifts)


def pixel_centres(x0: int, y0: int, x1: int, y1: int) -> tuple[np.ndarray, np.ndarray]:
    """The u and v of the centres of the pixels of a window."""
    u, v = np.meshgrid(np.arange(x0, x1) + 0.5, np.arange(y0, y1) + 0.5)
    return u, v


def _rays(camera: Camera, u: np.ndarray, v: np.ndarray) -> Float[np.ndarray, "n 3"]:
    """Directions in the camera's frame, with z = 1: so the length along a ray is the depth along the axis."""
    assert camera.lens is None, "lenses that bend are left out"
    x = (u.ravel() - camera.cx_px) / camera.fx_px
    y = (v.ravel() - camera.cy_px) / camera.fy_px
    return np.column_stack([x, y, np.ones_like(x)])


def _window(camera: Camera, points: Float[np.ndarray, "n 3"]) -> tuple[int, int, int, int]:
    """The pixels, up to one image beyond the border, that a hull of points can cover."""
    width, height = camera.width_px, camera.height_px
    most = (-width, -height, 2 * width, 2 * height)
    if points[:, 2].min() <= NEAR_M:
        return most
    u = camera.fx_px * points[:, 0] / points[:, 2] + camera.cx_px
    v = camera.fy_px * points[:, 1] / points[:, 2] + camera.cy_px
    low, high = np.floor([u.min(), v.min()]) - 1, np.ceil([u.max(), v.max()]) + 1
    x0, y0 = (int(max(a, b)) for a, b in zip(most[:2], low, strict=True))
    x1, y1 = (int(min(a, b)) for a, b in zip(most[2:], high, strict=True))
    return x0, y0, x1, y1


def _place_parts(scene: Scene, view: View, library: Library) -> list[Part]:
    """What objects lie on and what stands around it, but for what is cut away for the camera."""
    eye_m, half_size_m = view.camera.pose.position_m, scene.ground.half_size_m
    parts = []
    for model in ground_models(scene.ground, library).values():
        low_m, high_m = vector3(model.mesh.vertices.min(axis=0)), vector3(model.mesh.vertices.max(axis=0))
        if not (model.is_shell and hides_layout(low_m, high_m, eye_m, half_size_m)):
            parts.append(_part(0, model, Placement(name="place", pose=Pose()), view.camera))
    return parts


def _object_parts(scene: Scene, view: View, library: Library) -> list[Part]:
    """All objects, those that float where the view puts them."""
    placements = {placement.name: placement for placement in view.foreground}
    parts = []
    for number, item in enumerate(scene.objects, start=1):
        placement = placements.get(item.name, Placement(name=item.name, pose=item.pose))
        parts.append(_part(number, build_model(item, library), placement, view.camera))
    return parts


def _part(number: int, model: Model, placement: Placement, camera: Camera) -> Part:
    camera_from_object = np.linalg.inv(transform(camera.pose)) @ transform(placement.pose)
    points = placement.scale * model.mesh.vertices @ camera_from_object[:3, :3].T + camera_from_object[:3, 3]
    return Part(number=number, model=model, corners=points[model.mesh.triangles])


class _Surfaces:
    """Triangles of parts, in one scene of Embree's; numbered through all parts."""

    def __init__(self, parts: Sequence[Part]) -> None:
        self._parts = parts
        self._corners = np.concatenate([part.corners for part in parts])
        counts = [len(part.corners) for part in parts]
        self.numbers = np.repeat([part.number for part in parts], counts)
        self._part_of = np.repeat(np.arange(len(parts)), counts)
        self._first_of = np.cumsum([0, *counts])
        self._scene: Any = EmbreeScene(robust=True)
        TriangleMesh(self._scene, self._corners.astype(np.float32))

    def cast(self, rays: Float[np.ndarray, "n 3"]) -> tuple[Int[np.ndarray, " n"], Float[np.ndarray, " n"]]:
        """The triangle that owns each ray, or -1, and how many of the ray's lengths away it is."""
        owners, distance = np.full(len(rays), -1), np.full(len(rays), np.inf)
        start, step = np.full(len(rays), NEAR_M), np.full(len(rays), STEP_M)
        passed, last = np.zeros(len(rays), dtype=int), np.full(len(rays), -1)
        live = np.arange(len(rays))
        while len(live):
            origins = start[live, None] * rays[live]
            hit = self._scene.run(origins.astype(np.float32), rays[live].astype(np.float32))
            live, hit = live[hit >= 0], hit[hit >= 0]
            again = hit == last[live]
            step[live] = np.where(again, 2 * step[live], STEP_M)
            start[live[again]] += step[live[again]]
            new, triangles = live[~again], hit[~again]
            at, weights = _meet(self._corners[triangles], rays[new])
            owns = self._owns(triangles, weights) | (passed[new] >= MOST_TRANSPARENT)
            owners[new[owns]], distance[new[owns]] = triangles[owns], at[owns]
            through = new[~owns]
            start[through], last[through] = at[~owns] + STEP_M, triangles[~owns]
            passed[through] += 1
            live = np.concatenate([live[again], through])
        is_far = distance > FAR_M
        distance[is_far], owners[is_far] = np.inf, -1
        return owners, distance

    def _owns(
        self, triangles: Int[np.ndarray, " n"], weights: Float[np.ndarray, "n 3"]
    ) -> Bool[np.ndarray, " n"]:
        """Whether triangles are opaque enough at points of theirs."""
        owns = np.ones(len(triangles), dtype=bool)
        for index in np.unique(self._part_of[triangles]):
            model = self._parts[index].model
            of_part = np.nonzero(self._part_of[triangles] == index)[0]
            of_mesh = triangles[of_part] - self._first_of[index]
            for slot, material in enumerate(model.materials):
                of_slot = model.mesh.material_index[of_mesh] == slot
                if _is_opaque(material) or not of_slot.any():
                    continue
                found = _opacity(material, model, of_mesh[of_slot], weights[of_part[of_slot]])
                least = OWNING_OPACITY if material.alpha_cutoff is None else material.alpha_cutoff
                owns[of_part[of_slot]] = found >= least
        return owns


def _meet(
    corners: Float[np.ndarray, "n 3 3"], rays: Float[np.ndarray, "n 3"]
) -> tuple[Float[np.ndarray, " n"], Float[np.ndarray, "n 3"]]:
    """Where rays meet the planes of triangles: in lengths of the ray, and as weights of the corners."""
    a, b, c = corners[:, 0], corners[:, 1], corners[:, 2]
    of_a, of_b, of_c = (_triple(rays, p, q) for p, q in ((b, c), (c, a), (a, b)))
    total = of_a + of_b + of_c
    return _triple(a, b, c) / total, np.stack([of_a, of_b, of_c], axis=1) / total[:, None]


def _triple(a: np.ndarray, b: np.ndarray, c: np.ndarray) -> np.ndarray:
    product: np.ndarray = (a * np.cross(b, c)).sum(axis=1)
    return product


def _is_opaque(material: Material) -> bool:
    has_alpha = material.texture is not None and material.texture.alpha is not None
    return material.alpha == 1 and not has_alpha and not material.vertex_alpha


def _opacity(
    material: Material, model: Model, triangles: Int[np.ndarray, " n"], weights: Float[np.ndarray, "n 3"]
) -> Float[np.ndarray, " n"]:
    """The material's number times the image's and the mesh's opacity at points of triangles."""
    opacity = np.full(len(triangles), material.alpha)
    if material.texture is not None and material.texture.alpha is not None:
        assert material.texture.tile_size_m is None, "opacity in tiles is left out"
        assert model.mesh.uvs is not None, "an image lies by coordinates"
        uv = (weights[..., None] * model.mesh.uvs[triangles]).sum(axis=1)
        opacity *= _bilinear(material.texture.alpha, uv)
    if material.vertex_alpha:
        assert model.mesh.colors is not None, "opacity of the mesh's is in its colours"
        opacity *= (weights * model.mesh.colors[triangles][..., 3]).sum(axis=1)
    return opacity


def _bilinear(pixels: UInt8[np.ndarray, "h w"], uv: Float[np.ndarray, "n 2"]) -> Float[np.ndarray, " n"]:
    """Between the centres of four pixels, 0 to 1; the image repeats, and row 0 lies at v = 1."""
    height, width = pixels.shape
    column, row = uv[:, 0] * width - 0.5, (1 - uv[:, 1]) * height - 0.5
    left, top = np.floor(column).astype(int), np.floor(row).astype(int)
    right_share, low_share = column - left, row - top
    value = np.zeros(len(uv))
    for below in (0, 1):
        for right in (0, 1):
            share = (low_share if below else 1 - low_share) * (right_share if right else 1 - right_share)
            value += share * pixels[(top + below) % height, (left + right) % width] / 255
    return value
