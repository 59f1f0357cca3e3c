"""What this machine lets us use: cores, memory and GPUs, within the limits set for this process."""

import math
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil

CGROUPS = Path("/sys/fs/cgroup")
OWN_CGROUP = Path("/proc/self/cgroup")
# Without one of these there is no GPU for CUDA or ROCm: torch, which takes seconds to load, need not look.
GPU_NODES = ("/dev/nvidiactl", "/dev/nvidia0", "/dev/dxg", "/dev/kfd")


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What is there for workers.

    Attributes:
        available_bytes: of memory, at this moment.
        gpus: as CUDA_VISIBLE_DEVICES names them, one each.
    """

    cores: int
    available_bytes: int
    gpus: tuple[str, ...] = ()


def measure_machine(device: str) -> Machine:
    """What this process may use; GPUs that PyTorch does not know (OneAPI, Metal) are not counted.

    Args:
        device: `engine.device`; with `cpu` no GPU is looked for.
    """
    return Machine(
        cores=min([_cores_of_process(), *_cgroup_cores()]),
        available_bytes=min([psutil.virtual_memory().available, *_cgroup_bytes()]),
        gpus=() if device == "cpu" else gpu_names(_count_gpus(), os.environ),
    )


def gpu_names(count: int, environment: Mapping[str, str]) -> tuple[str, ...]:
    """Names of the visible GPUs: those the user lists in CUDA_VISIBLE_DEVICES, or their numbers.

    Args:
        count: how many are visible.
    """
    listed = environment.get("CUDA_VISIBLE_DEVICES")
    names = map(str, range(count)) if listed is None else (name.strip() for name in listed.split(","))
    return tuple(names)[:count]


def _count_gpus() -> int:
    if sys.platform == "linux" and not any(Path(node).exists() for node in GPU_NODES):
        return 0
    import torch  # noqa: PLC0415 - see GPU_NODES

    return torch.cuda.device_count()


def _cores_of_process() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def cgroup_folders(own: str, root: Path = CGROUPS) -> Iterator[Path]:
    """Where the limits of a process stand: its groups and all groups around them, of both versions.

    Args:
        own: the text of /proc/self/cgroup.
    """
    for line in own.splitlines():
        _, controllers, path = line.split(":", 2)
        top = root / controllers
        folder = top / path.lstrip("/")
        yield from (folder, *(p for p in folder.parents if p.is_relative_to(top)))


def _own_folders() -> list[Path]:
    return list(cgroup_folders(OWN_CGROUP.read_text())) if OWN_CGROUP.exists() else []


def _cgroup_cores() -> list[int]:
    return [cores for folder in _own_folders() if (cores := cores_of(folder)) is not None]


def _cgroup_bytes() -> list[int]:
    return [free for folder in _own_folders() if (free := free_bytes_of(folder)) is not None]


def cores_of(folder: Path) -> int | None:
    """The cores that a control group allows, rounded up; None where it sets no limit."""
    quota, period = (_numbers(folder / "cpu.max") + [None, None])[:2]
    if quota is None:
        (quota,) = _numbers(folder / "cpu.cfs_quota_us") or [None]
        (period,) = _numbers(folder / "cpu.cfs_period_us") or [None]
    if quota is None or period is None or quota <= 0:
        return None
    return max(1, math.ceil(quota / period))


def free_bytes_of(folder: Path) -> int | None:
    """The memory that a control group has left; None where it sets no limit.

    Pages of files that were not used lately count as free: the kernel drops them when memory runs short.
    """
    for limit_name, used_name in (
        ("memory.max", "memory.current"),
        ("memory.limit_in_bytes", "memory.usage_in_bytes"),
    ):
        (limit,) = _numbers(folder / limit_name) or [None]
        (used,) = _numbers(folder / used_name) or [None]
        if limit is not None and used is not None:
            return max(0, limit - used + _idle_file_bytes(folder / "memory.stat"))
    return None


def _idle_file_bytes(statistics: Path) -> int:
    try:
        pairs = (line.split() for line in statistics.read_text().splitlines())
        return int(next((value for name, value in pairs if name == "inactive_file"), 0))
    except OSError:
        return 0


def _numbers(path: Path) -> list[int | None]:
    """The numbers in a control group's file, None for `max`; nothing where there is no such file."""
    try:
        return [None if word == "max" else int(word) for word in path.read_text().split()]
    except OSError:
        return []
