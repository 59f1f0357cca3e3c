"""What certification says of a view or of an image."""

from collections.abc import Mapping
from dataclasses import dataclass, field

# What a record's `certification` has: the figures of a view, of its labels and of the image.
FIGURES = ("rays", "differing_px", "instances", "black_share", "white_share", "alignment")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Why something cannot be a part of the dataset.

    Attributes:
        check: name of the check that found it.
        reason: one line for people; names the object where there is one.
    """

    check: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """What was measured, and the outcome.

    Attributes:
        figures: what was measured, for the record's `certification`.
        fault: the first check that failed; None where all passed.
    """

    figures: Mapping[str, float | int | None] = field(default_factory=dict)
    fault: Fault | None = None

    def joined(self, later: "Certificate") -> "Certificate":
        """All figures, and the first fault."""
        return Certificate(figures={**self.figures, **later.figures}, fault=self.fault or later.fault)
