"""What the records of a dataset amount to: counts, and one hash over all of them."""

import hashlib
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from renderer.dataset.file_store import Stored


@dataclass(slots=True, kw_only=True)
class Tally:
    """Counts over the frames that were added, in order.

    Attributes:
        frames: that have an image.
        rejected: frames, by the check that they failed.
        instances: labelled objects in frames with an image, by category.
        annotated: those of them that are annotated; `ignored`: those annotated as to be ignored.
    """

    frames: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    instances: Counter[str] = field(default_factory=Counter)
    annotated: Counter[str] = field(default_factory=Counter)
    ignored: Counter[str] = field(default_factory=Counter)
    _hash: "hashlib._Hash" = field(default_factory=hashlib.sha256)

    def add(self, stored: Stored) -> None:
        """Count a frame."""
        record = stored.record
        self._hash.update(b"%d %s\n" % (record["frame"], hashlib.sha256(stored.content).hexdigest().encode()))
        if record["status"] != "ok":
            self.rejected[record["check"]] += 1
            return
        self.frames += 1
        for instance in record["instances"]:
            category = instance["category"]
            self.instances[category] += 1
            self.annotated[category] += bool(instance["annotated"])
            # One that cannot be seen is in no annotation.
            self.ignored[category] += bool(instance["ignored"] and instance["area_px"] > 0)

    def hidden(self) -> int:
        """Instances that are in no annotation."""
        return self.instances.total() - self.annotated.total() - self.ignored.total()

    def sha256(self) -> str:
        """Hash over a line for each frame: its number, a space, the SHA-256 of its record."""
        return self._hash.hexdigest()

    def counts(self, categories: list[str]) -> dict[str, Any]:
        """The counts as plain data; every category is there, even if no object has it."""
        return {
            "frames": self.frames,
            "rejected": dict(sorted(self.rejected.items())),
            "instances": {
                name: {
                    "labelled": self.instances[name],
                    "annotated": self.annotated[name],
                    "ignored": self.ignored[name],
                }
                for name in categories
            },
        }
