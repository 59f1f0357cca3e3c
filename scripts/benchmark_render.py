#!/usr/bin/env python
"""Labelled frames an hour of gapless, of BlenderProc and of bare Cycles, on the same scenes.

    scripts/benchmark_render.py                            5 rounds of 3 scenes: 25 minutes on 2 cores
    scripts/benchmark_render.py --rounds 1 --scenes 1 --size 160x120 --default-frames 0     a first look
    scripts/benchmark_render.py --gapless '4 samples=engine.samples=4' --gapless '4 shots=shots=4 \
        lighting.lights.lamp.gain_ev=[uniform,-2,2]' --out outputs/benchmark_render.json
    scripts/benchmark_render.py engine.max_bounces=3       keys of gapless render, which others get as well

Scenes have 20 bevelled cubes on a plane under an environment map and three lamps; gapless draws them, and the
others get them as plain data. A labelled frame is an image, masks and boxes on disk. Contenders:

    blenderproc, defaults      all settings its own; set-up apart; `--default-frames`, one in a round
    blenderproc, documented    samples, bounces, denoiser as gapless; a process a scene, its start included
    blenderproc, one process   the same in a process that lives, from its second scene on
    blenderproc, small map     the same, told by hand to sample the sky by a map as small as that of gapless
    gapless, one worker        `gapless render`, but for its first scene and its last: no trace is beside it
    gapless, all workers       the same with as many workers as the machine takes
    bare Cycles                the render operator alone, on what gapless built: the limit
    gapless, NAME              with the keys of each `--gapless NAME=KEYS`; one worker, if these say no other

In a round all contenders render the same scenes, one contender after the other, each with a scene to warm up.
Printed are medians over rounds, and their ratios. In every round it is checked that BlenderProc's
picture and masks are those of gapless. BlenderProc runs in `blenderproc_contender.py`, which says how, and
bare Cycles in `cycles_contender.py`.
"""

import argparse
import json
import os
import shlex
import statistics
import sys
import tempfile
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cube_scenes import cube_keys, write_cube, write_scenes
from render_contenders import (
    ALL_WORKERS,
    BARE,
    DEFAULTS,
    DOCUMENTED,
    ONE_PROCESS,
    ONE_WORKER,
    SMALL_MAP,
    Contender,
    Round,
    bare,
    check_pictures,
    documented,
    gapless,
    one_process,
    own_defaults,
    small_map,
)

BUSY = 0.5  # load average from which figures are doubtful
FAST = "fast=engine.samples=4 engine.denoise_quality=balanced engine.denoise_guides=noisy"
BASES = (ONE_PROCESS, DOCUMENTED, DEFAULTS)  # of the ratios


def contenders_of(options: argparse.Namespace) -> dict[str, Contender]:
    """All contenders that are asked for, in their order within a round."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    alone = ["execution.workers=1", f"execution.threads={cores}"]
    ours = {f"gapless, {name}": keys for name, keys in options.gapless}
    everyone = {
        DEFAULTS: own_defaults,
        DOCUMENTED: documented,
        ONE_PROCESS: one_process,
        SMALL_MAP: small_map,
        ONE_WORKER: gapless(ONE_WORKER, alone, 1),
        ALL_WORKERS: gapless(ALL_WORKERS, [], cores),
        BARE: bare,
        **{name: variant(name, keys, alone) for name, keys in ours.items()},
    }
    unknown = sorted(set(options.without) - set(everyone))
    if unknown:
        raise SystemExit(f"--without must be one of {', '.join(everyone)}, got {unknown[0]}")
    return {name: contender for name, contender in everyone.items() if name not in options.without}


def variant(name: str, keys: Sequence[str], alone: Sequence[str]) -> Contender:
    """A gapless with keys of its own; `alone` are those of one worker."""
    workers = next((key.partition("=")[2] for key in keys if key.startswith("execution.workers=")), None)
    return gapless(name, keys, int(workers)) if workers else gapless(name, [*alone, *keys], 1)


def measure_rounds(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """All figures of all rounds, as plain data."""
    mesh = write_cube(folder / "mesh")
    keys = [*cube_keys(mesh, options.size, options.objects, options.samples), *options.keys]
    contenders = contenders_of(options)
    measured: dict[str, list[dict[str, Any]]] = defaultdict(list)
    checks: list[dict[str, float]] = []
    load = warn_if_busy()
    for number in range(options.rounds):
        of_round = folder / f"round_{number}"
        of_round.mkdir()
        turn = Round(
            number=number, scenes=options.scenes, keys=[*keys, f"seed={number}"],
            plain=of_round / "scenes.json", folder=of_round,
        )  # fmt: skip
        write_scenes([*turn.keys, f"frames={options.scenes + 1}"], mesh, turn.plain)
        for name, contender in contenders.items():
            if name == DEFAULTS and number >= options.default_frames:
                continue
            taken = contender(turn)
            measured[name].append({"frame_s": taken.frame_s, **taken.details})
            print(f"round {number + 1}, {name}: {taken.frame_s:.2f} s a frame", file=sys.stderr, flush=True)
        if {ONE_PROCESS, BARE} <= set(contenders):
            checks.append(check_pictures(turn))
    return {"keys": keys, "cores": os.cpu_count(), "load": load, "checks": checks, "measured": measured}


def warn_if_busy() -> float:
    """The load average of the last minute; said where others are at work."""
    load = os.getloadavg()[0]
    if load > BUSY:
        print(f"the machine has a load of {load:.1f}: wait until it is idle", file=sys.stderr)
    return load


def print_table(figures: Mapping[str, Any]) -> None:
    """Medians, their ratios, and what lies around the trace."""
    measured = figures["measured"]
    medians = {name: statistics.median(turn["frame_s"] for turn in turns) for name, turns in measured.items()}
    if figures["checks"]:
        difference = max(check["mean_absolute_difference"] for check in figures["checks"])
        overlap = min(check["mean_iou"] for check in figures["checks"])
        print(
            f"BlenderProc and bare Cycles, {len(figures['checks'])} scenes: images differ by {difference:.1f}"
        )
        print(f"  of 255 in the mean, and masks have a mean IoU of {overlap:.3f}, in the worst of them")
    titles = "".join(f"{'x ' + base.removeprefix('blenderproc, '):>14}" for base in BASES)
    print(f"{'':<26}{'s/frame':>9}{'frames/h':>10}{titles}   range of s/frame")
    for name, turns in measured.items():
        ratios = [
            f"{medians[base] / medians[name]:14.2f}" if base in medians else f"{'-':>14}" for base in BASES
        ]
        seconds = [turn["frame_s"] for turn in turns]
        spread = f"{min(seconds):.2f} to {max(seconds):.2f} in {len(turns)}"
        print(f"{name:<26}{medians[name]:9.2f}{3600 / medians[name]:10.0f}{''.join(ratios)}   {spread}")
    if ONE_WORKER in medians and BARE in medians:
        around = 1 - medians[BARE] / medians[ONE_WORKER]
        outside = (
            1
            - statistics.median(turn["stages"]["trace"] for turn in measured[ONE_WORKER])
            / medians[ONE_WORKER]
        )
        print(f"{ONE_WORKER}: {around:.1%} of a frame around the render operator (over bare Cycles)")
        print(f"{ONE_WORKER}: {outside:.1%} outside of its stage `trace`, by its own run.json")
    rejected = sum(turn.get("rejected", 0) for turns in measured.values() for turn in turns)
    if rejected:
        print(f"{rejected} frames of gapless failed certification; their time counts")


def size_of(text: str) -> tuple[int, int]:
    """Width and height from WxH."""
    width, height = (int(side) for side in text.split("x"))
    return width, height


def variant_of(text: str) -> tuple[str, list[str]]:
    """A name and keys from NAME=KEYS."""
    name, _, keys = text.partition("=")
    if not name or "=" not in keys:
        raise argparse.ArgumentTypeError(f"must be NAME=KEY=VALUE ..., got {text}")
    return name, shlex.split(keys)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("keys", nargs="*", metavar="KEY=VALUE", help="keys of gapless render")
    parser.add_argument("--rounds", type=int, default=5, help="of which the median is taken (default: 5)")
    parser.add_argument(
        "--scenes", type=int, default=3, help="that count in a round, of each worker or process (default: 3)"
    )
    parser.add_argument("--size", type=size_of, default=(640, 480), metavar="WxH", help="(default: 640x480)")
    parser.add_argument("--objects", type=int, default=20, help="in a scene (default: 20)")
    parser.add_argument("--samples", type=int, default=8, help="a pixel (default: 8)")
    parser.add_argument(
        "--default-frames", type=int, default=2, help="of BlenderProc with its own settings (default: 2)"
    )
    parser.add_argument(
        "--gapless", type=variant_of, action="append", metavar="NAME=KEYS",
        help=f"one more gapless; may be repeated; by default '{FAST}', its own defaults",
    )  # fmt: skip
    parser.add_argument("--without", action="append", default=[], metavar="CONTENDER", help="may be repeated")
    parser.add_argument("--out", type=Path, metavar="FILE", help="JSON with all figures of all rounds")
    options = parser.parse_args(arguments)
    options.gapless = options.gapless or [variant_of(FAST)]
    with tempfile.TemporaryDirectory(prefix="gapless-benchmark-") as folder:
        figures = measure_rounds(options, Path(folder))
    print_table(figures)
    if options.out:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_text(json.dumps(figures, indent=1), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
