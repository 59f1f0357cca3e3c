"""What rays through the centres of pixels meet, found from the scene's meshes and the camera alone.

It knows nothing of Blender: what it finds confirms the id buffer, and it sees objects whole where others or
the border of the image hide a part of them.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Bool, Float32, Float64, Int32, Int64
from torch import Tensor

from renderer.buffers import Buffers
from renderer.catalog.library import Library
from renderer.labels.hits import UNKNOWN, Hits, Soup, all_hits, soup_of
from renderer.labels.rays import (
    Rays,
    Reach,
    Window,
    image_window,
    rays_of,
    sampled_rays,
)
from renderer.labels.triangles import Body, bodies_of
from renderer.scene import Camera, Scene, View

NOTHING_M = 1e10  # along a ray that meets nothing, as Cycles has it


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Whole:
    """An object alone, as if nothing stood before it and the image went on beyond its border.

    Attributes:
        origin_px: column and row of the mask's first pixel in the image; negative left of it and above.
        mask: the pixels whose centre shows the object, in the box around them; 0 x 0 where there are none.
        face: of a die, the pixels that show its upper face; None of what has none.
    """

    origin_px: tuple[int, int]
    mask: Bool[Tensor, "mh mw"]
    face: Bool[Tensor, "mh mw"] | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Cast:
    """What a view shows, by casting rays.

    Attributes:
        ids: as in Buffers, at the centres of pixels; UNKNOWN where rays meet tiles that are transparent in
            places.
        depth_z_m: as in Buffers; infinite where nothing is met, very large under a lens.
        wholes: the labelled objects, in their order in the scene.
        bodies: all that rays could meet.
        sampled_ids: under a lens, the ids along the rays that Buffers has them of, which pass up to a quarter
            of a pixel beside the centres; None without a lens, where these are the same.
    """

    ids: Int32[Tensor, "h w"]
    depth_z_m: Float32[Tensor, "h w"]
    wholes: Sequence[Whole]
    bodies: Sequence[Body] = ()
    sampled_ids: Int32[Tensor, "h w"] | None = None


def cast_view(scene: Scene, view: View, library: Library, device: torch.device) -> Cast:
    """Cast a ray through each pixel of a view of a scene at rest.

    Whole objects are seen up to one image beyond each border (`renderer.labels.rays.wide_window`).
    """
    return cast_bodies(bodies_of(scene, view, library), view.camera, device)


def cast_bodies(bodies: Sequence[Body], camera: Camera, device: torch.device) -> Cast:
    """Cast a ray through each pixel of a camera, against bodies in its frame, numbered from 0."""
    device = torch.device("cpu") if device.type == "mps" else device  # it has no doubles
    soup, reach = soup_of(bodies, camera, device)
    alone = _Alone.empty(bodies, soup, reach, camera)
    front = _Front.empty(camera, device)
    rays = rays_of(camera, alone.window(camera), device)
    for hits in all_hits(soup, reach, rays):
        front.add(hits, soup)
        alone.add(hits, soup)
    return Cast(
        ids=front.image(),
        depth_z_m=_depth_z(front, rays, camera),
        wholes=alone.wholes(),
        bodies=bodies,
        sampled_ids=None if camera.lens is None else _sampled_ids(soup, reach, camera, device),
    )


def at_centres(buffers: Buffers, cast: Cast) -> Buffers:
    """The buffers of a certified view with ids and depth at the very centres of pixels.

    Under a lens, Blender's are those of samples beside the centres. Where rays along these samples meet what
    Blender saw there, rays through the centres tell what is seen at the centres.
    """
    if cast.sampled_ids is None:
        return buffers
    ids, depth_z_m = cast.ids.cpu().numpy(), cast.depth_z_m.cpu().numpy()
    is_known = ids != UNKNOWN
    return replace(
        buffers,
        ids=np.where(is_known, ids, buffers.ids),
        depth_z_m=np.where(is_known, depth_z_m, buffers.depth_z_m),
    )


def _sampled_ids(soup: Soup, reach: Reach, camera: Camera, device: torch.device) -> Int32[Tensor, "h w"]:
    front = _Front.empty(camera, device)
    for hits in all_hits(soup, reach.within(image_window(camera)), sampled_rays(camera, device)):
        front.add(hits, soup)
    return front.image()


def _put_nearest(
    nearest: Float64[Tensor, " p"], pixel: Int64[Tensor, " n"], distance: Float64[Tensor, " n"]
) -> tuple[Int64[Tensor, " m"], Int64[Tensor, " k"]]:
    """Keep what is nearest of pixels; which hits changed theirs, and which are nearest now."""
    before = nearest.index_select(0, pixel)
    nearest.scatter_reduce_(0, pixel, distance, "amin")
    now = nearest.index_select(0, pixel)
    return (now < before).nonzero()[:, 0], (distance == now).nonzero()[:, 0]


@dataclass(slots=True, kw_only=True, eq=False)
class _Front:
    """What is nearest so far, for each pixel of the image; of equally near bodies the last."""

    width_px: int
    height_px: int
    distance: Float64[Tensor, " n"]
    ids: Int64[Tensor, " n"]

    @classmethod
    def empty(cls, camera: Camera, device: torch.device) -> "_Front":
        size = camera.width_px * camera.height_px
        return cls(
            width_px=camera.width_px,
            height_px=camera.height_px,
            distance=torch.full((size,), math.inf, dtype=torch.float64, device=device),
            ids=torch.zeros(size, dtype=torch.int64, device=device),
        )

    def add(self, hits: Hits, soup: Soup) -> None:
        """Take hits into account."""
        width, height = self.width_px, self.height_px
        in_image = (hits.column >= 0) & (hits.column < width) & (hits.row >= 0) & (hits.row < height)
        hits = hits.where(in_image)
        pixel = hits.row * width + hits.column
        is_nearer, is_nearest = _put_nearest(self.distance, pixel, hits.distance)
        self.ids[pixel[is_nearer]] = UNKNOWN
        number = soup.number.index_select(0, hits.triangle[is_nearest])
        self.ids.scatter_reduce_(0, pixel[is_nearest], number, "amax")

    def image(self) -> Int32[Tensor, "h w"]:
        """The ids."""
        return self.ids.reshape(self.height_px, self.width_px).int()


@dataclass(slots=True, kw_only=True, eq=False)
class _Alone:
    """What rays meet of each labelled body alone, in a crop of its own; all crops lie behind each other.

    Attributes:
        windows: of the crops, one for each labelled body; so with `starts`.
        crop: which crop a body has; -1 is none.
    """

    windows: Int64[Tensor, "n 4"]
    starts: Int64[Tensor, " n"]
    crop: Int64[Tensor, " b"]
    distance: Float64[Tensor, " p"]
    face: Bool[Tensor, " p"]
    has_face: Sequence[bool]

    @classmethod
    def empty(cls, bodies: Sequence[Body], soup: Soup, reach: Reach, camera: Camera) -> "_Alone":
        device = soup.body.device
        labelled = [n for n, body in enumerate(bodies) if body.is_labelled]
        windows = _bounds(soup, reach, len(bodies))[labelled]
        sizes = (windows[:, 2] - windows[:, 0]) * (windows[:, 3] - windows[:, 1])
        total = int(sizes.sum())
        crop = torch.full((len(bodies),), -1, dtype=torch.int64, device=device)
        crop[labelled] = torch.arange(len(labelled), device=device)
        return cls(
            windows=windows,
            starts=sizes.cumsum(dim=0) - sizes,
            crop=crop,
            distance=torch.full((total,), math.inf, dtype=torch.float64, device=device),
            face=torch.zeros(total, dtype=torch.bool, device=device),
            has_face=[bodies[n].upper_face is not None for n in labelled],
        )

    def window(self, camera: Camera) -> Window:
        """The pixels of the image and of all crops."""
        image = torch.tensor([image_window(camera)], device=self.windows.device)
        used = torch.cat([image, self.windows[(self.windows[:, 2:] > self.windows[:, :2]).all(dim=1)]])
        return Window(*used[:, :2].amin(dim=0).tolist(), *used[:, 2:].amax(dim=0).tolist())

    def add(self, hits: Hits, soup: Soup) -> None:
        """Take hits into account."""
        crop = self.crop[soup.body].index_select(0, hits.triangle)
        is_mine = crop >= 0
        if not bool(is_mine.any()):
            return
        crop, hits = crop[is_mine], hits.where(is_mine)
        left, top, right, _ = (ends.index_select(0, crop) for ends in self.windows.unbind(dim=1))
        start = self.starts.index_select(0, crop)
        pixel = start + (hits.row - top) * (right - left) + hits.column - left
        is_nearer, is_nearest = _put_nearest(self.distance, pixel, hits.distance)
        self.face[pixel[is_nearer]] = False
        is_face = soup.is_face.index_select(0, hits.triangle[is_nearest])
        self.face[pixel[is_nearest][is_face]] = True

    def wholes(self) -> list[Whole]:
        """The bodies' masks."""
        return [
            self._whole(window, start, has_face)
            for window, start, has_face in zip(
                self.windows.tolist(), self.starts.tolist(), self.has_face, strict=True
            )
        ]

    def _whole(self, window: Sequence[int], start: int, has_face: bool) -> Whole:
        x0, y0, x1, y1 = window
        pixels = slice(start, start + (x1 - x0) * (y1 - y0))
        mask = (self.distance[pixels] < math.inf).reshape(y1 - y0, x1 - x0)
        rows, columns = mask.any(dim=1).nonzero()[:, 0], mask.any(dim=0).nonzero()[:, 0]
        if not len(rows):
            empty = mask[:0, :0]
            return Whole(origin_px=(0, 0), mask=empty, face=empty if has_face else None)
        top, left = int(rows[0]), int(columns[0])
        tight = (slice(top, int(rows[-1]) + 1), slice(left, int(columns[-1]) + 1))
        face = self.face[pixels].reshape(y1 - y0, x1 - x0)[tight] if has_face else None
        return Whole(origin_px=(x0 + left, y0 + top), mask=mask[tight], face=face)


def _bounds(soup: Soup, reach: Reach, count: int) -> Int64[Tensor, "b 4"]:
    """The window that all triangles of each body can reach; empty where there is none."""

    def extreme(values: Tensor, how: str, start: int) -> Tensor:
        found = torch.full((count,), start, dtype=torch.int64, device=values.device)
        return found.scatter_reduce_(0, soup.body, values, how)

    far = 2**40
    low = [extreme(reach.first_column, "amin", far), extreme(reach.first_row, "amin", far)]
    high = [extreme(reach.last_column, "amax", -far) + 1, extreme(reach.last_row, "amax", -far) + 1]
    bounds = torch.stack(low + high, dim=1)
    return torch.where((low[0] < far)[:, None], bounds, 0)


def _depth_z(front: _Front, rays: Rays, camera: Camera) -> Float32[Tensor, "h w"]:
    """Along the optical axis."""
    depth = front.distance
    if rays.lens_rays is not None:
        row, column = torch.meshgrid(
            torch.arange(camera.height_px, device=depth.device),
            torch.arange(camera.width_px, device=depth.device),
            indexing="ij",
        )
        _, _, z = rays.at(column.ravel(), row.ravel())
        assert z is not None, "a lens has rays of its own"
        depth = depth.clamp(max=NOTHING_M) * z
    return depth.reshape(camera.height_px, camera.width_px).float()
