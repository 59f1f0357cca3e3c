"""Random streams: every draw has its own, keyed by what it is and by nothing else (rule 1)."""

import hashlib
import json
import struct
from dataclasses import dataclass
from typing import Any

import numpy as np

from renderer.recipe.keys import Level

_TWO_WORDS = struct.Struct("<2Q")


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameAddress:
    """Which scene, view of the scene and shot of the view a frame is."""

    scene: int
    view: int = 0
    shot: int = 0

    def at(self, level: Level) -> tuple[int, ...]:
        """The index at a level: (scene,), (scene, view) or (scene, view, shot)."""
        depth = {Level.SCENE: 1, Level.VIEW: 2, Level.SHOT: 3}[level]
        return (self.scene, self.view, self.shot)[:depth]


def frame_address(frame: int, views: int, shots: int) -> FrameAddress:
    """The address of a frame where each scene has `views` views and each view `shots` shots."""
    scene, within = divmod(frame, views * shots)
    view, shot = divmod(within, shots)
    return FrameAddress(scene=scene, view=view, shot=shot)


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamKey:
    """What identifies one draw.

    Attributes:
        index: the index at the level, see `FrameAddress.at`.
        name: the factor's dotted name.
        slot: which object or light of its kind; None for what is drawn once.
        attempt: counts rejections, from 0.
    """

    seed: int
    level: Level
    index: tuple[int, ...]
    name: str
    slot: int | None = None
    attempt: int = 0


def stream(key: StreamKey) -> np.random.Generator:
    """The generator of one draw.

    SHA-256 turns the key into the 128-bit key of a Philox counter generator (Salmon et al. 2011), so
    that streams of different keys are independent and none is a shifted copy of another.
    """
    start = stream_start(key.seed, key.level, key.index)
    text = f"{start}{json.dumps(key.name)}, {json.dumps(key.slot)}, {key.attempt}]"
    return np.random.Generator(np.random.Philox(key=np.array(_philox_key(text), dtype=np.uint64)))


def stream_start(seed: int, level: Level, index: tuple[int, ...]) -> str:
    """What the keys of all draws at an index begin with, as text."""
    return f'[{seed}, "{level.value}", {list(index)}, '


def _philox_key(text: str) -> tuple[int, int]:
    low, high = _TWO_WORDS.unpack_from(hashlib.sha256(text.encode()).digest())
    return low, high


class Streams:
    """The streams of many draws, one after the other, as `stream` gives them one by one.

    One generator is keyed anew for each draw, which takes a tenth of the time of making another.
    """

    __slots__ = ("_fresh", "_generator", "_philox")

    def __init__(self) -> None:
        self._philox = np.random.Philox(key=0)
        self._generator = np.random.Generator(self._philox)
        self._fresh: Any = self._philox.state

    def stream(self, text: str) -> np.random.Generator:
        """The generator of the draw whose key is written `text`; it is good until the next call."""
        self._fresh["state"]["key"] = _philox_key(text)
        self._philox.state = self._fresh
        return self._generator
