"""What rays through the centres of pixels meet, found from the scene's meshes and the camera alone.

It knows nothing of Blender: what it finds confirms the id buffer, and it sees objects whole where others or
the border of the image hide a part of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float32, Int32
from torch import Tensor

from renderer.catalog.library import Library
from renderer.scene import Scene, View


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
        ids: as in Buffers.
        depth_z_m: as in Buffers; infinite where nothing is met.
        wholes: the labelled objects, in their order in the scene.
    """

    ids: Int32[Tensor, "h w"]
    depth_z_m: Float32[Tensor, "h w"]
    wholes: Sequence[Whole]


def cast_view(scene: Scene, view: View, library: Library, device: torch.device) -> Cast:
    """Cast a ray through each pixel of a view of a scene at rest."""
    raise NotImplementedError
