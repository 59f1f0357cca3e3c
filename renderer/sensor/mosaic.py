"""The colour filters of a sensor's pixels, and interpolation of the colours that each of them lacks."""

from collections.abc import Sequence

import torch
from jaxtyping import Float, Int64
from torch import Tensor
from torch.nn.functional import pad

CHANNELS = "rgb"
# Which candidate of `_candidates` a channel takes at a site: by the site's colour, and at green sites also by
# the colour of their row.
KEPT, GREEN, ALONG_ROW, ALONG_COLUMN, DIAGONAL = range(5)


def mosaic(image: Float[Tensor, "b 3 h w"], patterns: Sequence[str]) -> Float[Tensor, "b 1 h w"]:
    """Keep of each pixel the channel that its filter lets through.

    Args:
        image: linear.
        patterns: of the first two rows of the filter, such as 'rggb', row by row.
    """
    channels = [[[[CHANNELS.index(color) for color in row] for row in _rows(p)]] for p in patterns]
    return image.gather(1, _tiled(channels, image))


def demosaic(
    raw: Float[Tensor, "b 1 h w"], patterns: Sequence[str], methods: Sequence[str]
) -> Float[Tensor, "b 3 h w"]:
    """Interpolate the missing channels of each pixel.

    Args:
        raw: what `mosaic` gives.
        patterns: as there.
        methods: 'bilinear', or 'malvar': Malvar, He and Cutler, High-Quality Linear Interpolation for
            Demosaicing of Bayer-Patterned Color Images (2004).
    """
    candidates = torch.cat([_candidates(r[None], m) for r, m in zip(raw, methods, strict=True)])
    return candidates.gather(1, _tiled([_choices(pattern) for pattern in patterns], raw))


def _rows(pattern: str) -> tuple[str, str]:
    return pattern[:2], pattern[2:]


def _choices(pattern: str) -> list[list[list[int]]]:
    """By channel, and row and column of the pattern: the candidate that is right."""
    return [[[_choice(c, site, row) for site in row] for row in _rows(pattern)] for c in CHANNELS]


def _choice(channel: str, site: str, row: str) -> int:
    if channel == site:
        return KEPT
    if channel == "g":
        return GREEN
    if site != "g":
        return DIAGONAL
    return ALONG_ROW if channel in row else ALONG_COLUMN


def _tiled(tables: list[list[list[list[int]]]], like: Float[Tensor, "b _ h w"]) -> Int64[Tensor, "b c h w"]:
    """Tables of two rows and two columns, repeated over the whole image."""
    height, width = like.shape[-2:]
    tile = torch.tensor(tables, device=like.device)
    return tile.repeat(1, 1, (height + 1) // 2, (width + 1) // 2)[..., :height, :width]


def _candidates(raw: Float[Tensor, "1 1 h w"], method: str) -> Float[Tensor, "1 5 h w"]:
    """What each pixel may take; sums of neighbours at distances 1 and 2, and of the diagonal ones.

    Mirrored about the border pixels, the pattern goes on outside.
    """
    height, width = raw.shape[-2:]
    padded = pad(raw, (2, 2, 2, 2), mode="reflect")

    def at(y: int, x: int) -> Tensor:
        return padded[..., 2 + y : 2 + y + height, 2 + x : 2 + x + width]

    row, column = at(0, -1) + at(0, 1), at(-1, 0) + at(1, 0)
    diagonal = at(-1, -1) + at(-1, 1) + at(1, -1) + at(1, 1)
    if method == "bilinear":
        return torch.cat([raw, (row + column) / 4, row / 2, column / 2, diagonal / 4], dim=1)
    far_row, far_column = at(0, -2) + at(0, 2), at(-2, 0) + at(2, 0)
    far = far_row + far_column
    green = (4 * raw + 2 * (row + column) - far) / 8
    along_row = (5 * raw + 4 * row - diagonal - far_row + far_column / 2) / 8
    along_column = (5 * raw + 4 * column - diagonal - far_column + far_row / 2) / 8
    across = (6 * raw + 2 * diagonal - 1.5 * far) / 8
    return torch.cat([raw, green, along_row, along_column, across], dim=1)
