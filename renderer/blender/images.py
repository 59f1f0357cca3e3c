"""Image textures: pixels given to Blender once, laid over a mesh by its own coordinates or in tiles.

Tiles are laid over x and y of the object's frame, and over z and either of them where a surface does not face
up or down, so that they do not smear on its sides. What faces between the three planes shows a blend of them.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import bpy
import numpy as np
from jaxtyping import UInt8

from renderer.blender.framing import framed_window
from renderer.blender.nodes import multiplied, separated, vector_calculated
from renderer.catalog.model import Texture

PLANES = ((1, 2), (0, 2), (0, 1))  # axes along which u and v run on what faces along x, y, z
Placing = tuple[float | None, float, tuple[float, float], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """A plane of the object's frame that tiles are laid over.

    Attributes:
        uv: socket of the texture coordinates.
        weight: socket of how much a point shows of it; None where there is no other.
        u_axis: number of the axis along which u grows where the tiles are not turned; so with `v_axis`.
    """

    uv: Any
    weight: Any
    u_axis: int
    v_axis: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageNodes:
    """The image textures of one material; those that are placed alike share their coordinates.

    Attributes:
        placed: the planes of each way to lay tiles that the material has.
    """

    tree: Any
    placed: dict[Placing, tuple[Side, ...]] = field(default_factory=dict)

    def color(self, texture: Texture) -> Any:
        """The socket of a texture's colour; no vector: its mean would be its height, not its luminance."""
        color = self._sample(texture, "Color", is_data=False)
        return color if texture.tile_size_m is None else multiplied(self.tree, color, (1.0, 1.0, 1.0))

    def alpha(self, texture: Texture) -> Any:
        """The socket of a texture's opacity."""
        return self._sample(texture, "Alpha", is_data=False)

    def data(self, texture: Texture) -> Any:
        """The socket of what a map says: three times the same number."""
        return self._sample(texture, "Color", is_data=True)

    def data_by_side(self, texture: Texture) -> list[tuple[Side, Any]]:
        """The socket of what a tiled map says, for each plane on its own."""
        image = add_image(texture, is_data=True)
        return [(side, self._node(image, side.uv).outputs["Color"]) for side in self.sides(texture)]

    def sides(self, texture: Texture) -> tuple[Side, ...]:
        """The planes that a tiled texture is laid over."""
        placing = (texture.tile_size_m, texture.turn_rad, texture.shift, texture.flat)
        if placing not in self.placed:
            self.placed[placing] = _lay_tiles(self.tree, texture)
        return self.placed[placing]

    def _sample(self, texture: Texture, output: str, is_data: bool) -> Any:
        image = add_image(texture, is_data)
        if texture.projected:
            return self._node(image, framed_window(self.tree, texture)).outputs[output]
        if texture.tile_size_m is None:
            uv = self.tree.nodes.new("ShaderNodeTexCoord").outputs["UV"]
            return self._node(image, uv).outputs[output]
        sides = self.sides(texture)
        seen = [self._node(image, side.uv).outputs[output] for side in sides]
        return weighted_sum(self.tree, seen, [side.weight for side in sides])

    def _node(self, image: Any, uv: Any) -> Any:
        node = self.tree.nodes.new("ShaderNodeTexImage")
        node.image = image
        self.tree.links.new(uv, node.inputs["Vector"])
        return node


def add_image(texture: Texture, is_data: bool) -> Any:
    """The texture's pixels as an image of Blender's, of 8 bits; equal pixels are kept once."""
    name = _digest(texture, is_data)
    image = bpy.data.images.get(name)
    if image is None:
        height, width, _ = texture.pixels.shape
        image = bpy.data.images.new(name, width, height, alpha=True, is_data=is_data)
        image.pixels.foreach_set(np.divide(_rgba(texture), 255, dtype=np.float32).ravel())
        image.update()
    return image


def _digest(texture: Texture, is_data: bool) -> str:
    """What tells images apart, in the 63 letters that a name in Blender has."""
    digest = hashlib.sha256(f"{texture.pixels.shape} {is_data}".encode())
    digest.update(np.ascontiguousarray(texture.pixels).data)
    if texture.alpha is not None:
        digest.update(np.ascontiguousarray(texture.alpha).data)
    return digest.hexdigest()[:60]


def _rgba(texture: Texture) -> UInt8[np.ndarray, "h w 4"]:
    rgba = np.full((*texture.pixels.shape[:2], 4), 255, dtype=np.uint8)
    rgba[..., :3] = texture.pixels[::-1]  # Blender's row 0 is the bottom
    if texture.alpha is not None:
        rgba[..., 3] = texture.alpha[::-1]
    return rgba


def weighted_sum(tree: Any, values: Sequence[Any], weights: Sequence[Any]) -> Any:
    """The socket of a sum of colours, vectors or numbers, each times its weight; one alone has none."""
    if len(values) == 1:
        return values[0]
    total = None
    for value, weight in zip(values, weights, strict=True):
        terms = (value, weight) if total is None else (value, weight, total)
        total = vector_calculated(tree, "MULTIPLY_ADD", *terms)
    return total


def _lay_tiles(tree: Any, texture: Texture) -> tuple[Side, ...]:
    coordinates = tree.nodes.new("ShaderNodeTexCoord")
    along = separated(tree, coordinates.outputs["Object"])
    if texture.flat:
        return (Side(uv=_tiled(tree, texture, along[0], along[1]), weight=None, u_axis=0, v_axis=1),)
    weights = separated(tree, _weights(tree, coordinates.outputs["Normal"]))
    sides = []
    for (u_axis, v_axis), weight in zip(PLANES, weights, strict=True):
        uv = _tiled(tree, texture, along[u_axis], along[v_axis])
        sides.append(Side(uv=uv, weight=weight, u_axis=u_axis, v_axis=v_axis))
    return tuple(sides)


def _tiled(tree: Any, texture: Texture, u: Any, v: Any) -> Any:
    """From metres in a plane to texture coordinates; an unshifted tile has its middle at the origin."""
    assert texture.tile_size_m is not None
    plane = tree.nodes.new("ShaderNodeCombineXYZ")
    tree.links.new(u, plane.inputs[0])
    tree.links.new(v, plane.inputs[1])
    mapping = tree.nodes.new("ShaderNodeMapping")
    mapping.inputs["Scale"].default_value = (1 / texture.tile_size_m,) * 3
    mapping.inputs["Rotation"].default_value = (0.0, 0.0, -texture.turn_rad)
    mapping.inputs["Location"].default_value = (0.5 - texture.shift[0], 0.5 - texture.shift[1], 0.0)
    tree.links.new(plane.outputs["Vector"], mapping.inputs["Vector"])
    return mapping.outputs["Vector"]


def _weights(tree: Any, normal: Any) -> Any:
    """The eighth powers of a normal's coordinates, of sum 1: a blend about 10 degrees wide on either side."""
    power = normal
    for _ in range(3):
        power = vector_calculated(tree, "MULTIPLY", power, power)
    total = vector_calculated(tree, "DOT_PRODUCT", power, (1.0, 1.0, 1.0))
    return vector_calculated(tree, "DIVIDE", power, total)
