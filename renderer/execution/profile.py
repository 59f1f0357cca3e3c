"""Where each millisecond of a frame goes: what `profile=true` prints and `run.json` says."""

import statistics
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from renderer.execution.work import Done

RENDER = ("sync", "trace", "sharp", "denoise", "save")  # what is inside of Blender's render operator
OTHER = "other"  # of a worker's time, what no stage is
STAGES = (
    *("sample", "settle", "build", *RENDER, "read", "warp", "clear"),
    *("cast", "label", "sensor", "encode", "write", OTHER),
)  # in the order in which a frame meets them


def in_order(names: Collection[str]) -> list[str]:
    """Names of stages in the order in which a frame meets them."""
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
    """The seconds of the frames of a run."""

    frames: list[Mapping[str, float]] = field(default_factory=list)
    walls_s: list[float] = field(default_factory=list)

    def add(self, done: Done) -> None:
        """Count a frame, if its time is known."""
        if done.seconds:
            rest = done.wall_s - sum(done.seconds.values())
            self.frames.append({**done.seconds, OTHER: rest})
            self.walls_s.append(done.wall_s)

    def stages(self) -> dict[str, StageTime]:
        """By stage, in the order in which a frame meets them."""
        names = in_order({name for seconds in self.frames for name in seconds})
        return {name: self._time([seconds.get(name, 0.0) for seconds in self.frames]) for name in names}

    def wall(self) -> StageTime:
        """A worker's time for a frame."""
        return self._time(self.walls_s)

    def around_trace(self) -> float:
        """Share of the wall time that is not spent inside of Blender's render operator."""
        inside = sum(seconds.get(name, 0.0) for seconds in self.frames for name in RENDER)
        return 1 - inside / sum(self.walls_s)

    def _time(self, seconds: Sequence[float]) -> StageTime:
        return StageTime(
            median_ms=1e3 * statistics.median(seconds),
            mean_ms=1e3 * statistics.fmean(seconds),
            share=sum(seconds) / sum(self.walls_s),
        )

    def report(self) -> dict[str, Any]:
        """The profile as plain data."""
        if not self.frames:
            return {"frames": 0}
        return {
            "frames": len(self.frames),
            "wall": _plain(self.wall()),
            "around_trace": self.around_trace(),
            "stages": {name: _plain(time) for name, time in self.stages().items()},
        }


def _plain(time: StageTime) -> dict[str, float]:
    return {"median_ms": time.median_ms, "mean_ms": time.mean_ms, "share": time.share}
