"""Where each millisecond of a frame goes: what `profile=true` prints and `run.json` says."""

import statistics
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from renderer.execution.pipeline import WAIT
from renderer.execution.work import Done
from renderer.stopwatch import OTHER

RENDER = ("sync", "trace", "sharp", "denoise", "save")  # what is inside of Blender's render operator
MAIN = ("build", *RENDER, "read", "warp", "clear", WAIT, OTHER)
BESIDE = ("sample", "settle", "model", "cast", "label", "relight", "sensor", "encode", "write")
STAGES = (*MAIN, *BESIDE)  # each in the order in which a frame meets them


def in_order(names: Collection[str]) -> list[str]:
    """Names of stages of the main thread and then of the one beside it, in order."""
    return [*(name for name in STAGES if name in names), *sorted(set(names).difference(STAGES))]


@dataclass(frozen=True, slots=True, kw_only=True)
class StageTime:
    """Time of a stage.

    Attributes:
        median_ms: of a frame.
        mean_ms: of a frame.
        share: of the frames' wall time.
    """

    median_ms: float
    mean_ms: float
    share: float


@dataclass(slots=True, kw_only=True)
class Profile:
    """The seconds of the frames of a run, by stage.

    Attributes:
        main: of the main threads of its workers: for each frame, all that went by for it.
        beside: of the threads beside them.
    """

    main: list[Mapping[str, float]] = field(default_factory=list)
    beside: list[Mapping[str, float]] = field(default_factory=list)

    def add(self, done: Done) -> None:
        """Count a frame, if its time is known."""
        if done.seconds or done.beside:
            self.main.append(done.seconds)
            self.beside.append(done.beside)

    def stages(self) -> dict[str, StageTime]:
        """What the main thread did for a frame, by stage."""
        return self._by_stage(self.main)

    def stages_beside(self) -> dict[str, StageTime]:
        """What was done beside it."""
        return self._by_stage(self.beside)

    def wall(self) -> StageTime:
        """A worker's time for a frame."""
        return self._time(self._walls_s())

    def around_trace(self) -> float:
        """Share of the wall time that is not spent inside of Blender's render operator."""
        inside = sum(seconds.get(name, 0.0) for seconds in self.main for name in RENDER)
        return 1 - inside / sum(self._walls_s())

    def _walls_s(self) -> list[float]:
        return [sum(seconds.values()) for seconds in self.main]

    def _by_stage(self, frames: Sequence[Mapping[str, float]]) -> dict[str, StageTime]:
        names = in_order({name for seconds in frames for name in seconds})
        return {name: self._time([seconds.get(name, 0.0) for seconds in frames]) for name in names}

    def _time(self, seconds: Sequence[float]) -> StageTime:
        return StageTime(
            median_ms=1e3 * statistics.median(seconds),
            mean_ms=1e3 * statistics.fmean(seconds),
            share=sum(seconds) / sum(self._walls_s()),
        )

    def report(self) -> dict[str, Any]:
        """The profile as plain data."""
        if not self.main:
            return {"frames": 0}
        return {
            "frames": len(self.main),
            "wall": _plain(self.wall()),
            "around_trace": self.around_trace(),
            "stages": {name: _plain(time) for name, time in self.stages().items()},
            "beside": {name: _plain(time) for name, time in self.stages_beside().items()},
        }


def _plain(time: StageTime) -> dict[str, float]:
    return {"median_ms": time.median_ms, "mean_ms": time.mean_ms, "share": time.share}
