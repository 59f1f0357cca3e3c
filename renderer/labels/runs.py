"""Id buffers cut into vertical runs: what boxes, areas and masks of all instances are read from."""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Int, Int64
from torch import Tensor


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Wanted:
    """The ids that are to be labelled, and the owners of pixels: pairs of an image and one of u ids.

    Attributes:
        numbers: of each id from -1 on, which of the different ids asked for in any image it is, -1 of all
            others; the last stands for all larger ids.
        id_count: u, how many different ids are asked for.
        owners: of each label, the number of its image times u, plus that of its id: where an id is asked
            for more than once the labels have the same owner.
    """

    numbers: Int64[Tensor, "t"]
    id_count: int
    owners: Int64[Tensor, "b n"]

    @property
    def owner_count(self) -> int:
        """How many owners there are, b times u."""
        return len(self.owners) * self.id_count

    @classmethod
    def of(cls, instance_ids: Int[Tensor, "b n"]) -> "Wanted":
        """What is asked for in each image; negative ids are padding."""
        ids, places = torch.unique(instance_ids.long().clamp(min=-1), return_inverse=True)
        largest = int(ids[-1]) if len(ids) else -1
        numbers = torch.full((largest + 3,), -1, device=ids.device)
        numbers[ids + 1] = torch.arange(len(ids), device=ids.device)
        numbers[0] = -1
        images = torch.arange(len(instance_ids), device=ids.device)[:, None]
        return cls(numbers=numbers, id_count=len(ids), owners=images * len(ids) + places)

    def owners_of(self, images: Int64[Tensor, "*r"], ids: Int[Tensor, "*r"]) -> Int64[Tensor, "*r"]:
        """The owner of pixels of an image that show an id; -1 where the id is not asked for."""
        numbers = self.numbers[ids.long().clamp(-1, len(self.numbers) - 2) + 1]
        return torch.where(numbers >= 0, images * self.id_count + numbers, -1)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Runs:
    """Pixels of one instance on top of each other, none of its own above or below them.

    They are in the order of their owners, then from left to right, then from top to bottom.

    Attributes:
        owners: as in `Wanted`.
        columns: of the image.
        tops: the row of the first pixel.
        bottoms: the row behind the last pixel.
        owner_count: of all that could have runs.
    """

    owners: Int64[Tensor, "r"]
    columns: Int64[Tensor, "r"]
    tops: Int64[Tensor, "r"]
    bottoms: Int64[Tensor, "r"]
    owner_count: int

    @property
    def lengths(self) -> Int64[Tensor, "r"]:
        """Number of pixels of each run."""
        return self.bottoms - self.tops


def vertical_runs(ids: Int[Tensor, "b h w"], wanted: Wanted) -> Runs:
    """The runs of what is wanted."""
    height, tall = ids.shape[1], ids.shape[0] * ids.shape[1]
    starts = run_starts(ids)
    lengths = torch.cat([starts[1:], starts.new_tensor([ids.numel()])]) - starts
    columns, rows = starts // tall, starts % tall
    images = rows // height
    owners = wanted.owners_of(images, ids.flatten(0, 1)[rows, columns])
    kept = (owners >= 0).nonzero()[:, 0]
    owners, order = torch.sort(owners.index_select(0, kept), stable=True)
    kept = kept.index_select(0, order)
    tops = (rows - images * height).index_select(0, kept)
    return Runs(
        owners=owners,
        columns=columns.index_select(0, kept),
        tops=tops,
        bottoms=tops + lengths.index_select(0, kept),
        owner_count=wanted.owner_count,
    )


def run_starts(ids: Int[Tensor, "b h w"]) -> Int64[Tensor, "r"]:
    """Where an image or another id begins, down the columns of all images on top of each other."""
    is_start = torch.empty_like(ids, dtype=torch.bool)
    is_start[:, 0] = True
    torch.ne(ids[:, 1:], ids[:, :-1], out=is_start[:, 1:])
    return places_of(is_start.flatten(0, 1).t().flatten())


def count_horizontal_runs(ids: Int[Tensor, "b h w"], wanted: Wanted) -> Int64[Tensor, "o"]:
    """How many pieces the rows of pixels of each owner are in."""
    width = ids.shape[2]
    is_start = torch.empty_like(ids, dtype=torch.bool)
    is_start[:, :, 0] = True
    torch.ne(ids[:, :, 1:], ids[:, :, :-1], out=is_start[:, :, 1:])
    starts = places_of(is_start.flatten())
    owners = wanted.owners_of(starts // (ids.shape[1] * width), ids.flatten().index_select(0, starts))
    return torch.bincount(owners[owners >= 0], minlength=wanted.owner_count)


def places_of(flags: Bool[Tensor, "p"]) -> Int64[Tensor, "r"]:
    """Where flags are set: as `nonzero`, faster where they are few, by looking at eight at once."""
    rest = -len(flags) % 8
    padded = torch.nn.functional.pad(flags, (0, rest)) if rest else flags
    eights = padded.view(torch.int64).nonzero()[:, 0]
    numbers, places = padded.view(-1, 8).index_select(0, eights).nonzero().unbind(1)
    return eights.index_select(0, numbers) * 8 + places
