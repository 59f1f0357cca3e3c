"""COCO's compressed run-length codes, byte for byte those of pycocotools, of all instances at once."""

from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Bool, Int64, UInt8
from torch import Tensor

from renderer.labels.runs import Runs

Segmentation = dict[str, Any]  # size [height, width] and counts, as COCO has it
BITS = 5  # of a number in one character
MORE = 1 << BITS  # added to all characters of a number but its last
FIRST_CHARACTER = ord("0")


def encode_runs(runs: Runs, size_hw: tuple[int, int]) -> list[str]:
    """The code of each owner of runs, in images of one size."""
    height, width = size_hw
    before = runs.columns * height
    sizes = torch.full((runs.owner_count,), height * width, device=before.device)
    return _codes(runs.owners, before + runs.tops, before + runs.bottoms, sizes)


def encode_masks(masks: Sequence[Bool[Tensor, "_ _"]]) -> list[Segmentation]:
    """The codes of masks of any sizes, all on one device."""
    if not masks:
        return []
    pixels = torch.cat([mask.t().flatten() for mask in masks])
    sizes = torch.tensor([mask.numel() for mask in masks], device=pixels.device)
    ends = sizes.cumsum(0)
    begins = ends - sizes
    is_edge = torch.ones(len(pixels) + 1, dtype=torch.bool, device=pixels.device)
    is_edge[1:-1] = pixels[1:] != pixels[:-1]
    is_edge[begins] = True
    edges = is_edge.nonzero()[:, 0]
    shown = pixels[edges[:-1]]
    starts, stops = edges[:-1][shown], edges[1:][shown]
    owners = torch.zeros_like(is_edge, dtype=torch.int64).index_add_(0, begins, torch.ones_like(begins))
    owners = owners.cumsum(0)[starts] - 1
    before = begins[owners]
    codes = _codes(owners, starts - before, stops - before, sizes)
    return [{"size": list(mask.shape), "counts": code} for mask, code in zip(masks, codes, strict=True)]


def _codes(
    owners: Int64[Tensor, "r"],
    starts: Int64[Tensor, "r"],
    stops: Int64[Tensor, "r"],
    sizes: Int64[Tensor, "g"],
) -> list[str]:
    """The code of each of g masks.

    Args:
        owners: the mask that each run is part of, ascending.
        starts: place of each run's first pixel in its mask, counted down the columns; ascending in a mask.
        stops: the place behind its last pixel.
        sizes: number of pixels of each mask.
    """
    if not len(sizes):
        return []
    counts, lengths = _counts(*_joined(owners, starts, stops), sizes)
    characters, per_count = _characters(_differences(counts, lengths))
    ends = per_count.cumsum(0)[lengths.cumsum(0) - 1].tolist()
    text = characters.cpu().numpy().tobytes().decode("ascii")
    return [text[start:end] for start, end in zip([0, *ends[:-1]], ends, strict=True)]


def _joined(
    owners: Int64[Tensor, "r"], starts: Int64[Tensor, "r"], stops: Int64[Tensor, "r"]
) -> tuple[Int64[Tensor, "j"], Int64[Tensor, "j"], Int64[Tensor, "j"]]:
    """The runs, where those that go on at the top of the next column are one."""
    is_first = torch.ones_like(owners, dtype=torch.bool)
    is_first[1:] = (owners[1:] != owners[:-1]) | (starts[1:] != stops[:-1])
    firsts = is_first.nonzero()[:, 0]
    lasts = is_first.roll(-1).nonzero()[:, 0]
    return owners.index_select(0, firsts), starts.index_select(0, firsts), stops.index_select(0, lasts)


def _counts(
    owners: Int64[Tensor, "r"],
    starts: Int64[Tensor, "r"],
    stops: Int64[Tensor, "r"],
    sizes: Int64[Tensor, "g"],
) -> tuple[Int64[Tensor, "c"], Int64[Tensor, "g"]]:
    """Lengths of runs of background and foreground in turn, mask after mask, and how many a mask has.

    The first is background and may be 0; there is none behind a run that ends with its mask.
    """
    runs_per_mask = torch.bincount(owners, minlength=len(sizes))
    edges_per_mask = 2 * runs_per_mask + 2  # of each run and of the mask
    ends = edges_per_mask.cumsum(0)
    edges = torch.zeros(2 * len(owners) + 2 * len(sizes), dtype=torch.int64, device=sizes.device)
    places = 2 * torch.arange(len(owners), device=owners.device) + 2 * owners + 1
    edges[places] = starts
    edges[places + 1] = stops
    edges[ends - 1] = sizes
    counts = edges.diff()
    is_count = torch.ones_like(counts, dtype=torch.bool)
    is_count[ends[:-1] - 1] = False
    has_rest = (counts[ends - 2] > 0) | (runs_per_mask == 0)
    is_count[ends - 2] = has_rest
    return counts[is_count], edges_per_mask - 2 + has_rest.long()


def _differences(counts: Int64[Tensor, "c"], lengths: Int64[Tensor, "g"]) -> Int64[Tensor, "c"]:
    """Each count as COCO stores it: from the fourth of a mask on, less the one two before it."""
    ends = lengths.cumsum(0)[:, None]
    first_three = (ends - lengths[:, None] + torch.arange(3, device=ends.device)).minimum(ends - 1)
    is_late = torch.ones_like(counts, dtype=torch.bool)
    is_late[first_three] = False
    return counts - torch.where(is_late, counts.roll(2), 0)


def _characters(numbers: Int64[Tensor, "c"]) -> tuple[UInt8[Tensor, "k"], Int64[Tensor, "c"]]:
    """The characters of numbers, lowest bits first, and how many each takes.

    A number's last character is the one from whose highest bit on all bits are equal.
    """
    lengths = torch.ones_like(numbers)
    places, pieces = [torch.arange(len(numbers), device=numbers.device)], []
    while len(places[-1]):
        rest = numbers >> (BITS - 1)
        goes_on = (rest != 0) & (rest != -1)
        pieces.append((numbers & (MORE - 1)) + MORE * goes_on + FIRST_CHARACTER)
        left = goes_on.nonzero()[:, 0]
        places.append(places[-1].index_select(0, left))
        numbers = numbers.index_select(0, left) >> BITS
        lengths[places[-1]] += 1
    firsts = lengths.cumsum(0) - lengths
    text = torch.empty(sum(map(len, pieces)), dtype=torch.uint8, device=numbers.device)
    for number, (of_numbers, characters) in enumerate(zip(places, pieces, strict=False)):
        text[firsts.index_select(0, of_numbers) + number] = characters.byte()
    return text, lengths
