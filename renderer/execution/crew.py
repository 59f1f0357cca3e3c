"""What an engine offers to the supervisor: workers that render one unit of frames after another."""

from collections.abc import Sequence
from typing import Protocol

from renderer.execution.work import Outcome


class Crew(Protocol):
    """Workers of one run. A unit is a few frames, rendered by one worker."""

    @property
    def size(self) -> int:
        """How many units can be rendered at once."""

    @property
    def unit_frames(self) -> int:
        """How many frames of several scenes may be one unit; those that one scene makes always may."""

    def start(self, frames: Sequence[int]) -> None:
        """Give a unit to an idle worker; at most `size` units are under way."""

    def wait(self, timeout_s: float) -> list[Outcome]:
        """What became of units since the last call; waits for the first, at most so long.

        A worker may tell of a unit in several parts, the first frames first.
        A worker beyond a limit of time or memory is killed in here, and its unit comes back as a failure.
        A worker that failed has ended when this says so; another, fresh one gets the next unit.
        """

    def close(self) -> None:
        """End all workers now; what they were rendering is dropped."""
