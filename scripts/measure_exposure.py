#!/usr/bin/env python
"""How many images of a dataset have more than a fifth of their pixels clipped or crushed.

    gapless render recipe=dice lighting=anywhere frames=500 out=outputs/a
    scripts/measure_exposure.py outputs/a --frames 500

A pixel is clipped from a luma of 250 of 255 on, and crushed up to 5. Printed are, for each folder, the share
of such images and the worst ones; the exit status is 1 where a folder has more than 1 % of them.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from renderer.sensor.exposure import exposed_shares

WORST_SHOWN = 5
MOST_HIDDEN, MOST_POOR = 0.2, 0.01  # of the pixels of an image; of the images


def hidden_share(path: Path) -> float:
    """The share of an image's pixels that are clipped or crushed."""
    with Image.open(path) as image:
        pixels = torch.from_numpy(np.array(image.convert("RGB"))).permute(2, 0, 1)[None]
    return 1 - float(exposed_shares(pixels))


def frame_name(folder: Path, path: Path) -> str:
    """A frame's number, with its rig and the exposure that was drawn and given, where its record has them."""
    try:
        record = json.loads((folder / "frames" / f"{path.stem}.json").read_text(encoding="utf-8"))
        draws, given_ev = record["draws"], record["image"]["exposure_ev"]
        rig = draws.get("lighting.rig", "no rig")
        return f"{path.stem} ({rig}, {draws['sensor.exposure_ev']:+.2f} EV drawn, {given_ev:+.2f} given)"
    except (OSError, KeyError, ValueError):
        return path.stem


def report(folder: Path, most_frames: int) -> bool:
    """Print what a folder has; whether it has few enough images that show too little."""
    paths = sorted((folder / "images").glob("*.png"))[:most_frames]
    if not paths:
        print(f"{folder}: no images; give the folder that gapless render wrote")
        return False
    shares = {path: hidden_share(path) for path in paths}
    poor = sum(share > MOST_HIDDEN for share in shares.values())
    print(
        f"{folder}: {poor} of {len(paths)} images ({poor / len(paths):.1%}) with more than {MOST_HIDDEN:.0%} "
        f"of their pixels clipped or crushed; {np.mean(list(shares.values())):.1%} on average"
    )
    for path in sorted(paths, key=lambda path: -shares[path])[:WORST_SHOWN]:
        print(f"  {shares[path]:6.1%}  {frame_name(folder, path)}")
    return poor <= MOST_POOR * len(paths)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folders", nargs="+", type=Path, metavar="OUT", help="a dataset's folder")
    parser.add_argument("--frames", type=int, default=500, help="looked at in each folder, at most")
    options = parser.parse_args(arguments)
    passed = [report(folder, options.frames) for folder in options.folders]
    return 0 if all(passed) else 1


if __name__ == "__main__":
    sys.exit(main())
