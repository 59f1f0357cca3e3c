"""The device that labels are computed on."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from renderer.errors import DeviceError


def label_device(wanted: str) -> torch.device:
    """The torch device for labels; 'auto' takes a GPU where there is one.

    Raises:
        DeviceError: the device asked for is not there.
    """
    available = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if wanted == "auto":
        return torch.device(next(name for name, there in available.items() if there))
    if not available[wanted]:
        found = ", ".join(name for name, there in available.items() if there)
        raise DeviceError(f"labels.device={wanted} is not there; torch found: {found}")
    return torch.device(wanted)


@contextmanager
def one_thread() -> Iterator[None]:
    """Let torch use one thread of the CPU inside.

    Labels take many small operations: handing them out costs more than they take, and many times more while
    other processes hold the cores.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
