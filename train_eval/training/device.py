"""Where torch computes, in which precision, and with how many processes."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
import torch.distributed

from renderer.errors import DeviceError
from train_eval.training.stream import Share


def choose_device(name: str) -> torch.device:
    """The device of a name; `auto` takes a GPU if there is one.

    Raises:
        DeviceError: the device that was asked for is not there.
    """
    there = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if name == "auto":
        name = next(kind for kind in ("cuda", "mps", "cpu") if there[kind])
    if not there[name]:
        raise DeviceError(
            f"device={name} must be a device of this machine, and torch finds none; take device=auto"
        )
    if name == "cuda":
        return torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
    return torch.device(name)


def computes_in_bf16(device: torch.device) -> bool:
    """Whether bf16 is faster than fp32: on a GPU, or a processor with AMX or AVX512-BF16, that has it.

    Measured in `docs/results.md`: without those, oneDNN emulates it and takes longer than in fp32.
    """
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    has_bf16 = torch.cpu._is_amx_tile_supported() or torch.cpu._is_avx512_bf16_supported()
    return device.type == "cpu" and bool(has_bf16)


@dataclass(frozen=True, slots=True, kw_only=True)
class Processes:
    """This process among those of a `torchrun`; alone without it."""

    share: Share
    distributed: bool

    @property
    def is_first(self) -> bool:
        """Whether this process writes files and talks."""
        return self.share.rank == 0


ALONE = Processes(share=Share(), distributed=False)


@contextmanager
def joined_processes(device: torch.device) -> Iterator[Processes]:
    """Join the processes that `torchrun` started, if it did."""
    if "RANK" not in os.environ or "WORLD_SIZE" not in os.environ:
        yield ALONE
        return
    is_gpu = device.type == "cuda"
    torch.distributed.init_process_group("nccl" if is_gpu else "gloo", device_id=device if is_gpu else None)
    try:
        rank, size = torch.distributed.get_rank(), torch.distributed.get_world_size()
        yield Processes(share=Share(rank=rank, processes=size), distributed=True)
    finally:
        torch.distributed.destroy_process_group()
