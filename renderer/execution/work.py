"""What passes between whoever gives out frames and whoever renders them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from renderer.catalog.library import Library
from renderer.dataset.store import Store
from renderer.recipe.schema import Recipe


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What a worker needs besides the frames' numbers."""

    recipe: Recipe
    library: Library
    store: Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a worker runs.

    Attributes:
        gpu: what CUDA_VISIBLE_DEVICES is to say for it; None leaves that alone.
        threads: CPU threads of Cycles and of torch.
    """

    threads: int
    gpu: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """A committed frame: its record's status, and the seconds it took, by stage.

    Attributes:
        seconds: of its worker's main thread; their sum is all that went by for this frame.
        beside: of the thread beside that one.
    """

    frame: int
    status: str
    seconds: Mapping[str, float]
    beside: Mapping[str, float] = field(default_factory=dict)


def done_before(store: Store, frame: int) -> Done | None:
    """A frame that the store has, whoever rendered it and in what time; None where it is not done."""
    found = store.find(frame)
    return None if found is None else Done(frame=frame, status=found.record["status"], seconds={})


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """A frame that infrastructure failed twice; nothing of it is stored, and the next run tries it again.

    Attributes:
        reason: in words: "the worker was killed (signal 9)".
        details: a traceback, where there is one; so with `Retried`.
    """

    frame: int
    reason: str
    details: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retried:
    """A frame that infrastructure failed once, and that is given out again."""

    frame: int
    reason: str
    details: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """The crew that renders a run, said once before its frames.

    Attributes:
        threads: CPU threads of a worker; None where the cluster decides.
        gpus: of each worker, as CUDA_VISIBLE_DEVICES names them; empty without GPUs.
    """

    workers: int
    threads: int | None
    gpus: Sequence[str] = ()


Event = Started | Done | Retried | Lost


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a worker says of a unit that it rendered to its end."""

    done: Sequence[Done]
    resident_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a unit: a report, an infrastructure failure in words, or an error that stops the run.

    Attributes:
        frames: of the unit. After a failure those that were committed are known from the store alone.
        details: the traceback of a failure, where there is one.
        is_told: by the worker itself, which lives: the failure is that of the first frame not yet committed.
        is_partial: more of the unit's frames are to come; these are the first of what was left of it.
        error: the user's input cannot be used, such as a full disk.
    """

    frames: Sequence[int]
    report: Report | None = None
    failure: str | None = None
    details: str = ""
    is_told: bool = False
    is_partial: bool = False
    error: Exception | None = None
