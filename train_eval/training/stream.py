"""An endless stream of augmented training images: what comes at a position depends on it alone."""

import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from train_eval.augment.geometry import Resize
from train_eval.augment.pipeline import augment
from train_eval.augment.sample import Sample
from train_eval.data.dataset import ImageCache, load_sample
from train_eval.data.records import DetectionSet
from train_eval.settings import Augmentation

ORDER, AUGMENTATION, PROPOSALS = 0, 1, 2  # keys of the streams of random numbers
PERIOD = 4096  # positions after which sets take turns as before
GOLDEN_RATIO = (5**0.5 - 1) / 2  # its multiples are spread most evenly
CACHE_BYTES = 2 * 2**30  # of decoded images, in each loading process


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamSettings:
    """What a stream is made of.

    Attributes:
        shares: of the sets in the stream; they sum to 1.
    """

    shares: tuple[float, ...]
    augmentation: Augmentation
    image_size_px: int
    resize: Resize
    with_masks: bool
    seed: int


class TrainingStream(Dataset[tuple[Tensor, dict[str, Tensor]]]):
    """Maps a position to an image (3, S, S) uint8 and its target.

    Each set is gone through in a new order again and again; sets take turns by their shares.
    """

    def __init__(self, sets: Sequence[DetectionSet], settings: StreamSettings) -> None:
        self.sets = [data.images for data in sets]
        self.settings = settings
        # Objects are cut out by their masks: photographs labelled with boxes only are never pasted from.
        self.donors = [r for data in sets for r in data.images if r.masks is not None and len(r.boxes_xyxy)]
        self.cache = ImageCache(CACHE_BYTES)

    def __getitem__(self, position: int) -> tuple[Tensor, dict[str, Tensor]]:
        """The image and target at a position, the same whenever and wherever it is asked for."""
        settings = self.settings
        rng = np.random.default_rng([settings.seed, AUGMENTATION, position])
        sample = augment(
            rng,
            self._sample(*self.source(position)),
            settings.augmentation,
            image_size_px=settings.image_size_px,
            mode=settings.resize,
            donor=self._donor if self.donors else None,
        )
        return to_tensors(sample)

    def source(self, position: int) -> tuple[int, int]:
        """Which image of which set stands at a position."""
        number, turn = interleave(self.settings.shares, position)
        size = len(self.sets[number])
        rng = np.random.default_rng([self.settings.seed, ORDER, number, turn // size])
        return number, int(rng.permutation(size)[turn % size])

    def _sample(self, number: int, index: int) -> Sample:
        return load_sample(self.sets[number][index], self.cache, with_masks=self.settings.with_masks)

    def _donor(self, rng: np.random.Generator) -> Sample:
        record = self.donors[int(rng.integers(len(self.donors)))]
        return load_sample(record, self.cache, with_masks=True)


def interleave(shares: Sequence[float], position: int) -> tuple[int, int]:
    """The set whose turn it is at a position, and how often it had its turn before.

    Turns are spread evenly: any run of positions holds each set in about its share.
    """
    order, turns = _period(tuple(shares))
    number = int(order[position % PERIOD])
    whole_periods = (position // PERIOD) * int((order == number).sum())
    return number, whole_periods + int(turns[position % PERIOD])


@functools.cache
def _period(shares: tuple[float, ...]) -> tuple[Int[np.ndarray, " p"], Int[np.ndarray, " p"]]:
    """Whose turn it is at each position of a period, and its turns before within the period."""
    phases = (np.arange(PERIOD) * GOLDEN_RATIO) % 1.0
    order = np.searchsorted(np.cumsum(shares)[:-1], phases, side="right")
    turns = np.zeros(PERIOD, dtype=np.int64)
    for number in range(len(shares)):
        turns[order == number] = np.arange((order == number).sum())
    return order, turns


def to_tensors(sample: Sample) -> tuple[Tensor, dict[str, Tensor]]:
    """An image (3, H, W) uint8 and its target, objects apart from boxes to be ignored."""
    keep = ~sample.ignore
    target = {
        "boxes": torch.from_numpy(_boxes(sample.boxes_xyxy[keep])),
        "labels": torch.from_numpy(_labels(sample.labels[keep])),
        "ignore_boxes": torch.from_numpy(_boxes(sample.boxes_xyxy[sample.ignore])),
    }
    if sample.masks is not None:
        target["masks"] = torch.from_numpy(np.ascontiguousarray(sample.masks[keep]))
    return torch.from_numpy(np.ascontiguousarray(sample.image)).permute(2, 0, 1), target


def _boxes(boxes_xyxy: Float[np.ndarray, "n 4"]) -> Float[np.ndarray, "n 4"]:
    return np.ascontiguousarray(boxes_xyxy, dtype=np.float32)


def _labels(labels: Int[np.ndarray, " n"]) -> Int[np.ndarray, " n"]:
    return np.ascontiguousarray(labels, dtype=np.int64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """Which part of every batch a process trains on: all of it, unless there are several processes."""

    rank: int = 0
    processes: int = 1


class _Positions(Sampler[list[int]]):
    """The positions of the batches from an iteration on, of one process."""

    def __init__(self, iterations: range, batch_size: int, share: Share) -> None:
        self.iterations, self.batch_size, self.share = iterations, batch_size, share

    def __iter__(self) -> Iterator[list[int]]:
        for iteration in self.iterations:
            first = iteration * self.batch_size
            yield list(range(first, first + self.batch_size))[self.share.rank :: self.share.processes]

    def __len__(self) -> int:
        return len(self.iterations)


def batches(
    stream: TrainingStream, iterations: range, batch_size: int, *, workers: int, share: Share
) -> DataLoader[Any]:
    """Batches (B, 3, S, S) uint8 with a list of targets, for a range of iterations."""
    return DataLoader(
        stream,
        batch_sampler=_Positions(iterations, batch_size, share),
        collate_fn=collate,
        num_workers=workers,
        persistent_workers=workers > 0,
        pin_memory=torch.cuda.is_available(),
        worker_init_fn=_one_thread if workers else None,
    )


def collate(items: Sequence[tuple[Tensor, dict[str, Tensor]]]) -> tuple[Tensor, list[dict[str, Tensor]]]:
    """Stack images of one size; targets stay a list."""
    return torch.stack([image for image, _ in items]), [target for _, target in items]


def _one_thread(_worker: int) -> None:
    torch.set_num_threads(1)
