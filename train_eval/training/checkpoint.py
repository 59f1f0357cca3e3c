"""Checkpoints: all that is needed to go on with a training, or to use its detector."""

import io
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from renderer.errors import DataError
from renderer.files import write_bytes
from train_eval.models.detector import Detector, DetectorSpec
from train_eval.models.weights import new_detector

FORMAT = "gapless-checkpoint-1"
CHECKPOINT = "checkpoint.pt"


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """The state of a training after some iterations.

    Attributes:
        iteration: how many iterations are done.
        identity: what must be equal for a training to be continued: settings and data.
        weights: of the detector, by name.
        average: the moving average of the trained weights, by name; empty without one.
        optimizer: of torch.
    """

    iteration: int
    spec: DetectorSpec
    identity: Mapping[str, Any]
    weights: Mapping[str, Tensor]
    average: Mapping[str, Tensor]
    optimizer: Mapping[str, Any]

    def best_weights(self) -> dict[str, Tensor]:
        """What a detector is used with: the average where there is one."""
        return {**self.weights, **self.average}


def save_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint whole, or leave the one before it.

    Raises:
        StoreError: the disk is full or the folder cannot be written.
    """
    buffer = io.BytesIO()
    torch.save(
        {
            "format": FORMAT,
            "iteration": checkpoint.iteration,
            "spec": checkpoint.spec.to_dict(),
            "identity": dict(checkpoint.identity),
            "weights": dict(checkpoint.weights),
            "average": dict(checkpoint.average),
            "optimizer": checkpoint.optimizer,
        },
        buffer,
    )
    write_bytes(path, buffer.getvalue())


def load_checkpoint(path: Path) -> Checkpoint:
    """Read a checkpoint without running code from it.

    Raises:
        DataError: it is missing, damaged or something else.
    """
    if not path.is_file():
        raise DataError(
            f"checkpoint '{path}' must be a file, and is not there; gapless train writes {CHECKPOINT}"
        )
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
        if content["format"] != FORMAT:
            raise ValueError(f"its format is {content['format']}")
        spec = DetectorSpec.from_dict(content.pop("spec"))
        return Checkpoint(
            spec=spec, **{f.name: content[f.name] for f in fields(Checkpoint) if f.name != "spec"}
        )
    except Exception as error:  # noqa: BLE001  # whatever unpickling a foreign file raises
        raise DataError(
            f"checkpoint '{path}' must be a checkpoint.pt of gapless train, but cannot be read "
            f"({type(error).__name__}); train again or choose another"
        ) from None


def load_detector(path: Path, device: torch.device) -> tuple[Detector, Checkpoint]:
    """The trained detector of a checkpoint, ready to detect.

    Raises:
        DataError: the checkpoint is missing, damaged or something else.
    """
    checkpoint = load_checkpoint(path)
    detector = new_detector(checkpoint.spec, pretrained=False, seed=0)
    detector.load_state_dict(checkpoint.best_weights())
    return detector.eval().to(device), checkpoint
