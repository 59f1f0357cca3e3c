#!/usr/bin/env python
"""What boxes, areas and masks of an id buffer cost, as COCO annotations, beside two other ways to them.

    scripts/benchmark_labels.py                                         the table of the documentation
    scripts/benchmark_labels.py --size 1280x960 --instances 50 --rounds 5
    scripts/benchmark_labels.py --sizes 160x120,320x240 --counts 1,100  shorter sweeps

All get the same id buffer, of squares and discs that do not touch, and take turns on one thread; each makes
finished annotations, and they must agree. The other ways are a loop over the instances with numpy and
pycocotools, and what BlenderProc's `write_coco_annotations` does with an id buffer, for run lengths and for
polygons (where an instance is in several parts, numpy 2 refuses the latter). Printed are medians of processor
time, which does not count what other programs take, and ratios of medians.
"""

import argparse
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from statistics import median
from typing import Any

import numpy as np
import torch
from jaxtyping import Int32
from pycocotools import mask as coco_mask

from renderer.blender.runtime import start_blender
from renderer.labels import coco_polygons, label_instances, one_thread, outline_instances

Ids = Int32[np.ndarray, "h w"]
Annotations = list[dict[str, Any]]
Way = Callable[[Ids, int], Annotations]
FILL = 0.35  # radius of a disc, half side of a square, over the distance of neighbours


def draw_ids(size_wh: tuple[int, int], count: int, seed: int) -> Ids:
    """An id buffer of `count` squares and discs on a grid, a little out of line, numbered at random."""
    rng = np.random.default_rng(seed)
    width, height = size_wh
    columns = max(1, round((count * width / height) ** 0.5))
    rows = -(-count // columns)
    step = min(width / columns, height / rows)
    radius = FILL * step
    ids = np.zeros((height, width), dtype=np.int32)
    for cell, number in enumerate(rng.permutation(count) + 1):
        place = np.array([cell % columns + 0.5, cell // columns + 0.5])
        x, y = place * [width / columns, height / rows] + rng.uniform(-1, 1, 2) * (0.5 * step - radius) * 0.8
        left, top = max(0, int(x - radius)), max(0, int(y - radius))
        window = ids[top : int(y + radius) + 1, left : int(x + radius) + 1]
        across, down = np.arange(window.shape[1]) + left + 0.5 - x, np.arange(window.shape[0]) + top + 0.5 - y
        power = rng.choice([2, 64])  # a disc or a square
        window[np.abs(across / radius) ** power + np.abs(down / radius)[:, None] ** power < 1] = number
    return ids


def by_scan(ids: Ids, count: int) -> Annotations:
    """Annotations by `renderer.labels`."""
    labels = label_instances(torch.from_numpy(ids)[None], torch.arange(1, count + 1)[None])
    found = (labels.boxes_xyxy[0].tolist(), labels.areas_px[0].tolist(), labels.segmentations()[0])
    return [
        annotation(number, [x0, y0, x1 - x0, y1 - y0], area, segmentation)
        for number, ((x0, y0, x1, y1), area, segmentation) in enumerate(zip(*found, strict=True), start=1)
        if area
    ]


def by_scan_polygons(ids: Ids, count: int) -> Annotations:
    """The same, with exact polygons in place of run lengths."""
    image, numbers = torch.from_numpy(ids)[None], torch.arange(1, count + 1)[None]
    labels, parts = label_instances(image, numbers), outline_instances(image, numbers)[0]
    found = (labels.boxes_xyxy[0].tolist(), labels.areas_px[0].tolist(), parts)
    return [
        annotation(number, [x0, y0, x1 - x0, y1 - y0], area, coco_polygons(of_instance))
        for number, ((x0, y0, x1, y1), area, of_instance) in enumerate(zip(*found, strict=True), start=1)
        if area
    ]


def by_loop(ids: Ids, count: int) -> Annotations:
    """Annotations by a mask for each instance and pycocotools."""
    found = []
    for number in range(1, count + 1):
        code = coco_mask.encode(np.asfortranarray((ids == number).astype(np.uint8)))
        area = int(coco_mask.area(code))
        if area:
            text = {"size": code["size"], "counts": code["counts"].decode("ascii")}
            found.append(annotation(number, coco_mask.toBbox(code).tolist(), area, text))
    return found


def by_blenderproc(mask_format: str) -> Way:
    """Annotations by BlenderProc, without reading and writing of files."""
    start_blender()
    writer = sys.modules["blenderproc.python.writer.CocoWriterUtility"]._CocoWriterUtility

    def annotate(ids: Ids, count: int) -> Annotations:
        attributes = [{"idx": number, "category_id": 1, "name": "thing"} for number in range(1, count + 1)]
        made: Annotations = writer.generate_coco_annotations(
            [ids], [attributes], ["0.png"], "coco_annotations", mask_format
        )["annotations"]
        return made

    return annotate


def annotation(number: int, box_xywh: Sequence[float], area: int, segmentation: Any) -> dict[str, Any]:
    """COCO's entry of an instance."""
    return {
        "id": number, "image_id": 0, "category_id": 1, "iscrowd": 0,
        "bbox": box_xywh, "area": area, "segmentation": segmentation,
    }  # fmt: skip


def check_agreement(ids: Ids, count: int, ways: Mapping[str, Way]) -> None:
    """Stop where ways disagree about a box or an area, or about a mask in run lengths."""
    answers = {name: way(ids, count) for name, way in ways.items()}
    first, *others = answers
    for name in others:
        for ours, theirs in zip(answers[first], answers[name], strict=True):
            if (ours["bbox"], ours["area"]) != (list(theirs["bbox"]), theirs["area"]):
                raise SystemExit(f"{first} and {name} disagree about instance {ours['id']}")
            if isinstance(theirs["segmentation"], dict) and code_of(ours) != code_of(theirs):
                raise SystemExit(f"{first} and {name} disagree about the mask of instance {ours['id']}")


def code_of(entry: Mapping[str, Any]) -> str:
    """The compressed code of an annotation in run lengths, compressed or not."""
    segmentation = entry["segmentation"]
    if isinstance(segmentation["counts"], str):
        return str(segmentation["counts"])
    code = coco_mask.frPyObjects(segmentation, *segmentation["size"])
    return str(code["counts"].decode("ascii"))


def medians_ms(ids: Ids, count: int, ways: Mapping[str, Way], rounds: int) -> dict[str, float]:
    """Median time of each way: they take turns, and in each turn run twice, of which the second counts."""
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            way(ids, count)
            start = time.process_time()
            way(ids, count)
            times[name].append(time.process_time() - start)
    return {name: 1000 * median(taken) for name, taken in times.items()}


def compare(options: argparse.Namespace) -> None:
    """Print what all ways take for one id buffer."""
    ids = draw_ids(options.size, options.instances, options.seed)
    ways: dict[str, Way] = {
        "scan, run lengths": by_scan,
        "scan, polygons": by_scan_polygons,
        "numpy and pycocotools": by_loop,
        "BlenderProc, run lengths": by_blenderproc("rle"),
        "BlenderProc, polygons": by_blenderproc("polygon"),
    }
    check_agreement(ids, options.instances, ways)
    taken = medians_ms(ids, options.instances, ways, options.rounds)
    print(f"{text_of(options.size)}, {options.instances} instances, one thread, {options.rounds} rounds")
    base = taken["scan, run lengths"]
    for name, ms in taken.items():
        print(f"  {name:<26} {ms:9.2f} ms {ms / base:8.1f}x")


def sweep(title: str, cases: Sequence[tuple[tuple[int, int], int]], options: argparse.Namespace) -> None:
    """Print how the scan grows from the first case on, and the loop beside it."""
    ways: dict[str, Way] = {"scan": by_scan, "loop": by_loop}
    print(f"\n{title}: run lengths by the scan, and by numpy and pycocotools")
    first: dict[str, float] = {}
    for size, count in cases:
        ids = draw_ids(size, count, options.seed)
        check_agreement(ids, count, ways)
        taken = medians_ms(ids, count, ways, options.rounds)
        first = first or taken
        growth = "".join(f"{taken[name]:9.2f} ms {taken[name] / first[name]:8.1f}x" for name in ways)
        print(f"  {text_of(size):>9} {count:5d} {growth}   {1e6 * taken['scan'] / ids.size:6.1f} ns/pixel")


def size_of(text: str) -> tuple[int, int]:
    """Width and height from WxH."""
    width, height = (int(side) for side in text.split("x"))
    return width, height


def text_of(size_wh: tuple[int, int]) -> str:
    """WxH."""
    return f"{size_wh[0]}x{size_wh[1]}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    sizes, counts = "160x120,320x240,640x480,1280x960,2560x1920", "1,20,200,2000"
    parser.add_argument("--size", type=size_of, default=(640, 480), metavar="WxH")
    parser.add_argument("--instances", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=15, help="of which the median is taken")
    parser.add_argument("--sizes", default=sizes, help=f"of the sweep over pixels; {sizes}")
    parser.add_argument("--counts", default=counts, help=f"of the sweep over instances; {counts}")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    with one_thread():
        compare(options)
        by_size = [(size_of(text), options.instances) for text in options.sizes.split(",")]
        sweep("more pixels", by_size, options)
        sweep("more instances", [(options.size, int(n)) for n in options.counts.split(",")], options)
    return 0


if __name__ == "__main__":
    sys.exit(main())
