"""Settings that say by whom and where frames are rendered; no frame depends on them."""

from dataclasses import dataclass

from renderer.recipe.keys import group, setting

ENGINES = ("local", "ray", "slurm")
STORES = ("files", "webdataset")


@dataclass(frozen=True, slots=True, kw_only=True)
class RaySettings:
    """Where Ray is."""

    address: str = setting("", str, help="host:port of a cluster, or auto; empty starts one on this machine")


@dataclass(frozen=True, slots=True, kw_only=True)
class SlurmSettings:
    """What a job array asks SLURM for."""

    partition: str = setting("", str, help="partition; empty takes the cluster's default")
    account: str = setting("", str, help="account that is charged; empty takes yours")
    time_min: int = setting(240, int, unit="min", low=1, high=10**6, help="longest time of a task")
    memory_gb: float = setting(4.0, float, unit="GB", low=0.1, help="memory of a task")
    task_frames: int = setting(1000, int, low=1, high=10**9, help="frames that one task renders")
    setup: list[str] = setting([], list, item=str, help="shell lines before a task, such as module load")
    options: dict[str, str | None] = setting({}, dict, help="other options of sbatch: {qos: high}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """Who renders, and when a worker is replaced."""

    engine: str = setting("local", str, options=ENGINES, help="processes of this machine, Ray, or SLURM")
    workers: int | None = setting(
        None, int, low=1, high=100000, optional=True,
        help="workers at once; null: what cores, memory and GPUs allow",
    )  # fmt: skip
    threads: int | None = setting(
        None, int, low=1, high=1024, optional=True,
        help="CPU threads of a worker; null: its share of the cores",
    )  # fmt: skip
    time_limit_s: float = setting(
        600.0, float, unit="s", low=0.1, help="a worker that takes longer for a frame is killed"
    )
    start_limit_s: float = setting(
        900.0, float, unit="s", low=0.1,
        help="the same for starting Blender, kernels compiled for a new GPU included",
    )  # fmt: skip
    memory_limit_gb: float | None = setting(
        None, float, unit="GB", low=0.1, optional=True,
        help="a worker that grows beyond is killed; null: its share of the machine",
    )  # fmt: skip
    recycle_frames: int = setting(
        2000, int, low=1, high=10**9, help="a worker is replaced by a fresh one after so many frames"
    )
    recycle_gb: float = setting(
        6.0, float, unit="GB", low=0.1, help="the same when it holds more memory after a frame"
    )
    ray: RaySettings = group()
    slurm: SlurmSettings = group()
