"""Tallies of draws that are counted as they come: bins are fixed beforehand, no draw is kept."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

BINS = 20
PARTS = 50  # of a bin, so that quantiles are known to a thousandth of the range
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
SWATCHES = 48
CHANNELS = ("red", "green", "blue")


@dataclass(slots=True, kw_only=True)
class Numbers:
    """Numbers in bins of equal width, or of equal ratio, over a range.

    Attributes:
        low: of the range; what is drawn outside counts in the bin beside.
        is_log: bins have equal ratios.
    """

    low: float
    high: float
    is_log: bool = False
    draws: int = 0
    total: float = 0.0
    lowest: float = math.inf
    highest: float = -math.inf
    parts: list[int] = field(default_factory=lambda: [0] * (BINS * PARTS))

    def add(self, value: float) -> None:
        """Count a draw."""
        self.draws += 1
        self.total += value
        self.lowest, self.highest = min(self.lowest, value), max(self.highest, value)
        place = self._position(value) * len(self.parts)
        self.parts[min(max(int(place), 0), len(self.parts) - 1)] += 1

    def _position(self, value: float) -> float:
        """How far a value is on its way through the range."""
        if not self.low < self.high:
            return 0.0
        if self.is_log:
            return math.log(max(value, self.low) / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)

    def at(self, position: float) -> float:
        """The value at a fraction of the range."""
        if self.is_log:
            return float(self.low * (self.high / self.low) ** position)
        return self.low + position * (self.high - self.low)

    def edges(self) -> list[float]:
        """Of the bins, one more than there are bins."""
        return [self.at(number / BINS) for number in range(BINS)] + [self.high]

    def counts(self) -> list[int]:
        """Of each bin."""
        return [sum(self.parts[start : start + PARTS]) for start in range(0, len(self.parts), PARTS)]

    def quantile(self, share: float) -> float:
        """The value below which a share of the draws lies, to a thousandth of the range."""
        wanted, below = share * self.draws, 0
        for number, count in enumerate(self.parts):
            if count and below + count >= wanted:
                value = self.at((number + (wanted - below) / count) / len(self.parts))
                return min(max(value, self.lowest), self.highest)
            below += count
        return self.highest

    def describe(self) -> dict[str, Any]:
        """The figures of what was drawn."""
        if not self.draws:
            return {"draws": 0}
        return {
            "draws": self.draws,
            "lowest": self.lowest,
            "mean": self.total / self.draws,
            "highest": self.highest,
            "quantiles": {f"{share:g}": self.quantile(share) for share in QUANTILES},
            "histogram": {"edges": self.edges(), "counts": self.counts()},
        }


@dataclass(slots=True, kw_only=True)
class Values:
    """How often each of a few values was drawn; of numbers also their extremes and their mean."""

    draws: int = 0
    counts: dict[Any, int] = field(default_factory=dict)

    def add(self, value: Any) -> None:
        """Count a draw."""
        self.draws += 1
        self.counts[value] = self.counts.get(value, 0) + 1

    def describe(self) -> dict[str, Any]:
        """The figures of what was drawn."""
        described: dict[str, Any] = {"draws": self.draws}
        if not self.draws:
            return described
        if all(isinstance(v, int | float) and not isinstance(v, bool) for v in self.counts):
            total = math.fsum(value * count for value, count in self.counts.items())
            described |= {
                "lowest": min(self.counts), "mean": total / self.draws, "highest": max(self.counts)
            }  # fmt: skip
        return described | {"values": {str(value): count for value, count in sorted(self.counts.items())}}


@dataclass(slots=True, kw_only=True)
class Colors:
    """Colours: each channel of linear RGB, and the first few as they look."""

    channels: tuple[Numbers, ...] = field(
        default_factory=lambda: tuple(Numbers(low=0.0, high=1.0) for _ in CHANNELS)
    )
    swatches: list[str] = field(default_factory=list)

    @property
    def draws(self) -> int:
        """How many there were."""
        return self.channels[0].draws

    def add(self, value: Sequence[float]) -> None:
        """Count a draw."""
        for channel, component in zip(self.channels, value, strict=True):
            channel.add(component)
        if len(self.swatches) < SWATCHES:
            self.swatches.append(hex_color(value))


def hex_color(linear_rgb: Sequence[float]) -> str:
    """A linear colour as '#rrggbb' (IEC 61966-2-1)."""
    encoded = (
        12.92 * v if v <= 0.0031308 else 1.055 * v ** (1 / 2.4) - 0.055
        for v in (min(max(v, 0.0), 1.0) for v in linear_rgb)
    )
    return "#" + "".join(f"{round(255 * v):02x}" for v in encoded)


Tally = Numbers | Values | Colors
