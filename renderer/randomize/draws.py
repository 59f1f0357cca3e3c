"""Drawing factors and keeping a record of every draw."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from renderer.randomize.sampling import sample
from renderer.randomize.streams import FrameAddress, StreamKey, stream
from renderer.recipe.keys import Factor
from renderer.recipe.schema import Recipe

MAX_ATTEMPTS = 64  # past this a constraint is given up and what it protects is left to settling


@dataclass(slots=True, kw_only=True)
class DrawRecorder:
    """Draws factors of one level at one address; `record` holds what was drawn, by name and slot."""

    seed: int
    address: FrameAddress
    record: dict[str, Any] = field(default_factory=dict)

    def draw(self, factor: Factor, slot: int | None = None, attempt: int = 0) -> Any:
        """Draw a factor from its own stream and record it under `name` or `name[slot]`."""
        level = factor.spec.level
        index = self.address.at(level)
        key = StreamKey(
            seed=self.seed, level=level, index=index, name=factor.name, slot=slot, attempt=attempt
        )
        value = sample(stream(key), factor.distribution, factor.spec)
        self.record[record_key(factor, slot)] = value
        return value

    def draw_until(
        self,
        factors: Sequence[Factor],
        slot: int | None,
        accept: Callable[[Mapping[str, Any]], bool],
    ) -> Mapping[str, Any]:
        """Draw factors together, attempt by attempt, until `accept` holds or attempts run out.

        Returns:
            The last draws by full factor name, accepted or not.
        """
        values: Mapping[str, Any] = {}
        for attempt in range(MAX_ATTEMPTS):
            values = {factor.name: self.draw(factor, slot, attempt) for factor in factors}
            if accept(values):
                break
        return values


def recorder(recipe: Recipe, address: FrameAddress) -> DrawRecorder:
    """What draws the factors of a recipe at an address."""
    return DrawRecorder(seed=recipe.seed, address=address)


def record_key(factor: Factor, slot: int | None) -> str:
    """The name of a draw: the factor's name, with the slot where there are several."""
    return factor.name if slot is None else f"{factor.name}[{slot}]"
