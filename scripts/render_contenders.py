"""Who takes part in `benchmark_render.py`: each renders the scenes of a round, and says what a frame took."""

import json
import os
import shlex
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from pycocotools import mask as coco_mask
from small_runs import COMMAND

DEFAULTS, DOCUMENTED, ONE_PROCESS, SMALL_MAP = (
    f"blenderproc, {way}" for way in ("defaults", "documented", "one process", "small map")
)
ONE_WORKER, ALL_WORKERS, BARE = "gapless, one worker", "gapless, all workers", "bare Cycles"
LEAST_IOU = 0.9  # in the mean over a picture: below it BlenderProc has built another scene
HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """The scenes of one round: the first one is for warming up, and never counts.

    Attributes:
        keys: of `gapless render`, without frames and out.
        plain: the scenes as plain data.
        folder: for what the contenders write.
    """

    number: int
    scenes: int
    keys: Sequence[str]
    plain: Path
    folder: Path

    def out(self, name: str) -> Path:
        """The folder of a contender."""
        return self.folder / name.replace(" ", "_").replace(",", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What a contender took for a frame in a round, and what else is known of it."""

    frame_s: float
    details: Mapping[str, Any]


Contender = Callable[[Round], Measured]


def one_process(turn: Round) -> Measured:
    """BlenderProc in one process, without its first scene."""
    seconds = blenderproc(turn, turn.out(ONE_PROCESS), first=0, count=turn.scenes + 1)
    return Measured(frame_s=statistics.mean(seconds[1:]), details={"seconds": seconds})


def small_map(turn: Round) -> Measured:
    """The same with a small map for the sampling of the sky."""
    seconds = blenderproc(turn, turn.out(SMALL_MAP), first=0, count=turn.scenes + 1, settings="small-map")
    return Measured(frame_s=statistics.mean(seconds[1:]), details={"seconds": seconds})


def documented(turn: Round) -> Measured:
    """BlenderProc in a process for each scene."""
    walls = []
    for number in range(1, turn.scenes + 1):
        begin = time.perf_counter()
        blenderproc(turn, turn.out(DOCUMENTED), first=number, count=1)
        walls.append(time.perf_counter() - begin)
    return Measured(frame_s=statistics.mean(walls), details={"seconds": walls})


def own_defaults(turn: Round) -> Measured:
    """BlenderProc with its own settings, one scene."""
    seconds = blenderproc(turn, turn.out(DEFAULTS), first=1, count=1, settings="defaults")
    return Measured(frame_s=seconds[0], details={"seconds": seconds})


def blenderproc(turn: Round, out: Path, *, first: int, count: int, settings: str = "equal") -> list[float]:
    """Seconds of some scenes of a round."""
    options = {"--out": out, "--first": first, "--count": count, "--settings": settings}
    words = [str(word) for option in options.items() for word in option]
    return seconds_of("blenderproc_contender.py", str(turn.plain), *words)


def bare(turn: Round) -> Measured:
    """Cycles alone."""
    keys = [*turn.keys, f"frames={turn.scenes + 1}", f"out={turn.out(BARE)}"]
    seconds = seconds_of("cycles_contender.py", *keys)
    return Measured(frame_s=statistics.mean(seconds[1:]), details={"seconds": seconds})


def seconds_of(script: str, *arguments: str) -> list[float]:
    """What a script of this folder prints last."""
    seconds: list[float] = json.loads(said_by(str(HERE / script), *arguments).splitlines()[-1])
    return seconds


def gapless(name: str, keys: Sequence[str], most_workers: int) -> Contender:
    """`gapless render` with keys, one of which may say that a scene has several frames."""

    def measure(turn: Round) -> Measured:
        out = turn.out(name)
        in_scene = frames_in_scene([*turn.keys, *keys])
        frames = (turn.scenes + 2) * most_workers * in_scene
        said_by("-c", COMMAND, "render", *turn.keys, *keys, f"frames={frames}", f"out={out}")
        run = json.loads((out / "run.json").read_bytes())
        done = sorted(path.stat().st_mtime_ns / 1e9 for path in (out / "frames").iterdir())
        # From when each worker has done one scene, which saw a start, until it has but one left. Views are
        # finished beside the next trace: without the last, which has none beside it, both ends are alike.
        ends = run["workers"] * in_scene
        frame_s = (done[-1 - ends] - done[ends - 1]) / (len(done) - 2 * ends)
        stages = {stage: spent["mean_s"] for stage, spent in run["stages"].items()}
        rejected = run["frames"]["rejected"]
        return Measured(frame_s=frame_s, details={"stages": stages, "frames": frames, "rejected": rejected})

    return measure


def frames_in_scene(keys: Sequence[str]) -> int:
    """Views times shots; of equal keys the last counts."""
    said = dict(key.split("=", 1) for key in keys)
    return int(said.get("views", 1)) * int(said.get("shots", 1))


def said_by(*arguments: str) -> str:
    """What Python prints that runs with the checkout in which this script is."""
    environment = {**os.environ, "PYTHONPATH": str(HERE.parent)}
    run = subprocess.run(
        [sys.executable, *arguments], env=environment, capture_output=True, text=True, check=False
    )
    if run.returncode != 0:
        raise SystemExit(f"{shlex.join(arguments)} ended with {run.returncode}:\n{run.stdout}{run.stderr}")
    return run.stdout


def check_pictures(turn: Round) -> dict[str, float]:
    """Compare the last picture of BlenderProc's one process with that of bare Cycles, and the masks.

    Raises:
        SystemExit: the masks differ too much for the same scene.
    """
    theirs, ours = turn.out(ONE_PROCESS), turn.out(BARE)
    picture = read_picture(theirs / f"images/{turn.scenes:06d}.png").astype(int)
    difference = float(np.abs(picture - read_picture(ours / "radiance.png")).mean())
    coco = json.loads((theirs / "coco_annotations.json").read_bytes())
    codes = [entry["segmentation"] for entry in coco["annotations"] if entry["image_id"] == turn.scenes]
    masks = [coco_mask.decode(coco_mask.frPyObjects(code, *code["size"])).astype(bool) for code in codes]
    ids = np.load(ours / "ids.npy")
    overlaps = [best_iou(ids == number, masks) for number in np.unique(ids[ids > 0])]
    found = {
        "mean_absolute_difference": difference,
        "mean_iou": float(np.mean(overlaps)),
        "masks": len(masks),
    }
    if found["mean_iou"] < LEAST_IOU:
        raise SystemExit(f"BlenderProc has rendered another scene: {found}; see {turn.folder}")
    return found


def read_picture(path: Path) -> np.ndarray:
    """Three bytes a pixel."""
    with Image.open(path) as image:
        return np.array(image.convert("RGB"))


def best_iou(mask: np.ndarray, others: Sequence[np.ndarray]) -> float:
    """The intersection over union of a mask with the one most like it."""
    return max((float((mask & other).sum() / (mask | other).sum()) for other in others), default=0.0)
