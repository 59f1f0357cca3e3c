"""Photographic-looking image textures for tables and floors, drawn by code.

`draw_texture` draws one by name; `TEXTURES` says what there is and how large it is in reality.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from types import MappingProxyType

import numpy as np
from jaxtyping import UInt8

from renderer.catalog.textures.fabric import draw_carpet, draw_cloth, draw_denim, draw_wrinkled_cloth
from renderer.catalog.textures.print import (
    draw_gift_wrap,
    draw_magazine_cover,
    draw_newspaper,
    draw_ruled_paper,
)
from renderer.catalog.textures.stone import (
    draw_brick,
    draw_ceramic_tiles,
    draw_concrete,
    draw_granite,
    draw_marble,
    draw_terrazzo,
)
from renderer.catalog.textures.wood import draw_wood_planks, draw_wood_table, draw_wood_veneer

__all__ = ["TEXTURES", "TextureSpec", "draw_texture"]

SMALLEST_PX = 64  # finer structures than this shows no longer fit a pixel grid
LARGEST_PX = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class TextureSpec:
    """One kind of texture.

    Attributes:
        draw: (rng, size_px) -> sRGB image, rows from the top, red first.
        tile_size_m: how much of the surface one image shows, along each side.
        tileable: whether the left edge continues the right one, and the top the bottom.
    """

    draw: Callable[[np.random.Generator, int], UInt8[np.ndarray, "size size 3"]]
    tile_size_m: float
    tileable: bool = True

    def __post_init__(self) -> None:
        if not self.tile_size_m > 0:
            raise ValueError(f"tile_size_m must be positive, got {self.tile_size_m}")


TEXTURES: Mapping[str, TextureSpec] = MappingProxyType(
    {
        "brick": TextureSpec(draw=draw_brick, tile_size_m=0.5),
        "carpet": TextureSpec(draw=draw_carpet, tile_size_m=0.3),
        "ceramic_tiles": TextureSpec(draw=draw_ceramic_tiles, tile_size_m=0.5),
        "cloth": TextureSpec(draw=draw_cloth, tile_size_m=0.15),
        "concrete": TextureSpec(draw=draw_concrete, tile_size_m=0.6),
        "denim": TextureSpec(draw=draw_denim, tile_size_m=0.2),
        "gift_wrap": TextureSpec(draw=draw_gift_wrap, tile_size_m=0.25),
        "granite": TextureSpec(draw=draw_granite, tile_size_m=0.25),
        "magazine_cover": TextureSpec(draw=draw_magazine_cover, tile_size_m=0.25, tileable=False),
        "marble": TextureSpec(draw=draw_marble, tile_size_m=0.6),
        "newspaper": TextureSpec(draw=draw_newspaper, tile_size_m=0.35, tileable=False),
        "ruled_paper": TextureSpec(draw=draw_ruled_paper, tile_size_m=0.2, tileable=False),
        "terrazzo": TextureSpec(draw=draw_terrazzo, tile_size_m=0.4),
        "wood_planks": TextureSpec(draw=draw_wood_planks, tile_size_m=0.6),
        "wood_table": TextureSpec(draw=draw_wood_table, tile_size_m=0.4),
        "wood_veneer": TextureSpec(draw=draw_wood_veneer, tile_size_m=0.4),
        "wrinkled_cloth": TextureSpec(draw=draw_wrinkled_cloth, tile_size_m=0.5),
    }
)


def draw_texture(rng: np.random.Generator, name: str, size_px: int = 512) -> UInt8[np.ndarray, "size size 3"]:
    """Draw one texture in colours and a layout of its own, as sRGB.

    Args:
        rng: source of randomness; equal states give equal bytes.
        name: a key of `TEXTURES`.
        size_px: side of the image; what it shows stays `tile_size_m` wide.

    Raises:
        ValueError: unknown name, or a size out of range.
    """
    if name not in TEXTURES:
        raise ValueError(f"texture must be one of {', '.join(_nearest_first(name))}, got {name!r}")
    if not SMALLEST_PX <= size_px <= LARGEST_PX:
        raise ValueError(f"size_px must be in [{SMALLEST_PX}, {LARGEST_PX}], got {size_px}")
    return TEXTURES[name].draw(rng, size_px)


def _nearest_first(name: str) -> list[str]:
    return sorted(TEXTURES, key=lambda known: -SequenceMatcher(None, name, known).ratio())
