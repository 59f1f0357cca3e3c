"""The device that labels are computed on."""

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
