"""Time and memory of exports, over the number of frames.

    python scripts/benchmark_exports.py [--sizes 2500 5000 10000 20000] [--to coco yolo webdataset]
                                        [--work DIR] [--json OUT]

Makes datasets without Blender: 640x480, 10 to 20 elliptic objects a frame with their run lengths, whole
masks, poses and keypoints, so that a record is as long as a rendered one. All frames of a dataset share the
file of one small image by hard links: what is measured is the work of the export, not the copying of pixels.
Each size is exported in a fresh process for each format alone, the largest also for all in one pass. Prints
seconds; seconds of processors, these in milliseconds a frame, and their ratio to those of the smallest size;
the peak of resident memory, how much of it came after all modules were imported, and how much more that is
than for the smallest size. Linux only.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool
from PIL import Image

from renderer.dataset.exports.format import Choices
from renderer.dataset.exports.registry import formats_named
from renderer.dataset.exports.runner import export
from renderer.dataset.record import encode_mask
from renderer.dataset.source import Split, open_source
from renderer.files import json_bytes

WIDTH_PX, HEIGHT_PX = 640, 480
CATEGORIES = [f"category {number}" for number in range(10)]
KEYPOINTS = [f"corner_{number}" for number in range(8)]
SHAPES = 100  # different frames: the records of others repeat them under another number


def make_dataset(root: Path, frames: int, shapes: Sequence[bytes]) -> None:
    """Write a finished dataset of records, whose instances are given in turn."""
    for folder in ("frames", "images"):
        (root / folder).mkdir(parents=True)
    Image.new("RGB", (64, 48)).save(root / "image.png")
    recipe = {"views": 1, "shots": 1, "labels.box": "visible"}
    (root / "dataset.json").write_bytes(json_bytes({"recipe": recipe}))
    listed = [{"name": name, "keypoints": KEYPOINTS} for name in CATEGORIES]
    (root / "manifest.json").write_bytes(json_bytes({"categories": listed}))
    for frame in range(frames):
        name = f"images/{frame:06d}.png"
        link_image(root, name, frame)
        record = {
            "frame": frame,
            "status": "ok",
            "image": {
                "file": name,
                "width_px": WIDTH_PX,
                "height_px": HEIGHT_PX,
                "bytes": 1,
                "sha256": "0" * 64,
            },
            "maps": {},
            "camera": {"K": np.eye(3).tolist()},
            "draws": {f"factor.{number}": number / 7 for number in range(60)},
        }
        text = json_bytes(record)[:-1] + b',"instances":' + shapes[frame % len(shapes)] + b"}\n"
        (root / f"frames/{frame:06d}.json").write_bytes(text)


def link_image(root: Path, name: str, frame: int) -> None:
    """Share an image; file systems count to about 65,000 links of one file, each export adding its own."""
    shared = root / f"image.{frame // 5000}.png"
    if not shared.exists():
        shared.write_bytes((root / "image.png").read_bytes())
    os.link(shared, root / name)


def instances(rng: np.random.Generator) -> list[dict[str, Any]]:
    """Ellipses, of which the later ones hide the earlier ones."""
    wholes = [ellipse(rng) for _ in range(rng.integers(10, 21))]
    free = np.ones((HEIGHT_PX, WIDTH_PX), dtype=bool)
    entries = []
    for number, whole in enumerate(wholes, start=1):
        mask = whole & free
        free &= ~whole
        entries.append(
            entry(rng, number, whole, mask) | {"keypoints": {k: [320.5, 240.25, 2] for k in KEYPOINTS}}
        )
    return entries


def ellipse(rng: np.random.Generator) -> Bool[np.ndarray, "480 640"]:
    """A filled ellipse with its centre in the image."""
    y, x = np.mgrid[:HEIGHT_PX, :WIDTH_PX] + 0.5
    u, v, a, b = rng.uniform((0, 0, 15, 15), (WIDTH_PX, HEIGHT_PX, 60, 60))
    inside: Bool[np.ndarray, "480 640"] = ((x - u) / a) ** 2 + ((y - v) / b) ** 2 <= 1
    return inside


def entry(
    rng: np.random.Generator, number: int, whole: Bool[np.ndarray, "h w"], mask: Bool[np.ndarray, "h w"]
) -> dict[str, Any]:
    """What a record says of an object, in about as many bytes as a rendered one."""
    return {
        "id": number,
        "name": f"object[{number}]",
        "category": CATEGORIES[rng.integers(len(CATEGORIES))],
        "bbox_xyxy": box_xyxy(mask),
        "area_px": int(mask.sum()),
        "segmentation": encode_mask(mask),
        "amodal": {
            "bbox_xyxy": box_xyxy(whole),
            "area_px": int(whole.sum()),
            "segmentation": encode_mask(whole),
        },
        "visibility": float(mask.sum() / max(1, whole.sum())),
        "truncation": 0.0,
        "annotated": bool(mask.sum() >= 16),
        "ignored": False,
        "pose": {"rotation_wxyz": rng.random(4).tolist(), "position_m": rng.random(3).tolist()},
        "box_3d": {"corners_m": rng.random((8, 3)).tolist(), "corners_px": rng.random((8, 2)).tolist()},
    }


def box_xyxy(mask: Bool[np.ndarray, "h w"]) -> list[int]:
    """The tight box; all 0 where the mask is empty."""
    rows, columns = mask.any(axis=1).nonzero()[0], mask.any(axis=0).nonzero()[0]
    return [int(v) for v in (columns[0], rows[0], columns[-1] + 1, rows[-1] + 1)] if rows.size else [0] * 4


def measure(root: Path, out: Path, names: Sequence[str], processes: int) -> dict[str, float]:
    """Export in this process or in its children, which do nothing else."""
    source, formats = open_source(root), formats_named(names)
    forget_peak()
    imported_mb = peak_mb()
    start, cpu_start = time.perf_counter(), cpu_seconds()
    for _ in export(source, formats, out, Choices(split=Split(val_share=0.2)), processes):
        pass
    seconds = time.perf_counter() - start
    return {
        "seconds": seconds,
        "cpu_seconds": cpu_seconds() - cpu_start,
        "peak_mb": peak_mb(),
        "imported_mb": imported_mb,
    }


def cpu_seconds() -> float:
    """What this process and its children computed, which other work on the machine does not change much."""
    return sum(os.times()[:4])


def peak_mb() -> float:
    """The most memory that this process had resident since `forget_peak`, or the largest of its children."""
    status = Path("/proc/self/status").read_text()
    own_kb = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))
    return max(own_kb, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss) / 1024


def forget_peak() -> None:
    """Count the peak of resident memory from now on: what imports took for a moment would hide all else."""
    Path("/proc/self/clear_refs").write_text("5")


def measure_fresh(root: Path, names: Sequence[str], processes: int) -> dict[str, float]:
    """Measure in a fresh process, and throw the export away."""
    with tempfile.TemporaryDirectory(dir=root.parent) as out:
        task = json.dumps([str(root), out, list(names), processes])
        command = [sys.executable, __file__, "--measure", task]
        printed = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    found: dict[str, float] = json.loads(printed)
    return found


def compare(work: Path, sizes: Sequence[int], exports: Sequence[Sequence[str]], processes: int) -> list[Any]:
    """All measurements, printed as they are made."""
    rows: list[dict[str, Any]] = []
    all_together = [[name for names in exports for name in names]] if len(exports) > 1 else []
    columns = (
        ("frames", 8),
        ("seconds", 10),
        ("CPU s", 9),
        ("ms/frame", 10),
        ("ratio", 7),
        ("peak MB", 9),
        ("own MB", 9),
        ("grown", 9),
    )
    print(f"{'export':<24}" + "".join(f"{name:>{width}}" for name, width in columns))
    rng = np.random.default_rng(0)
    shapes = [json_bytes(instances(rng)) for _ in range(SHAPES)]
    for size in sizes:
        root = work / str(size)
        make_dataset(root, size, shapes)
        for names in [*exports, *(all_together if size == max(sizes) else [])]:
            row = {"export": "+".join(names), "frames": size} | measure_fresh(root, names, processes)
            rows.append(row)
            first = next(other for other in rows if other["export"] == row["export"])
            print(_line(row, first), flush=True)
    return rows


def _line(row: dict[str, Any], first: dict[str, Any]) -> str:
    """A measurement, and its ratios to that of the smallest size."""
    each, first_each = (one["cpu_seconds"] / one["frames"] for one in (row, first))
    own, first_own = row["peak_mb"] - row["imported_mb"], first["peak_mb"] - first["imported_mb"]
    return (
        f"{row['export']:<24}{row['frames']:>8}{row['seconds']:>10.2f}{row['cpu_seconds']:>9.2f}"
        f"{1000 * each:>10.3f}"
        f"{each / first_each:>7.2f}{row['peak_mb']:>9.0f}{own:>9.1f}{own - first_own:>+9.1f}"
    )


def main() -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sizes", type=int, nargs="+", default=[2500, 5000, 10000, 20000])
    parser.add_argument("--to", nargs="+", default=["coco", "yolo", "webdataset"])
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument(
        "--work", type=Path, help="where to make the datasets (default: the folder for temporary files)"
    )
    parser.add_argument("--json", type=Path)
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        root, out, names, processes = json.loads(arguments.measure)
        print(json.dumps(measure(Path(root), Path(out), names, processes)))
        return 0
    exports = [[name] for name in arguments.to]
    if arguments.work is not None:
        arguments.work.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=arguments.work) as work:
        rows = compare(Path(work), arguments.sizes, exports, arguments.processes)
    if arguments.json:
        arguments.json.write_bytes(json_bytes(rows) + b"\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
