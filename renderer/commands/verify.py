"""`gapless verify`: whether a dataset is still what was rendered, or exported."""

import argparse
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from renderer.errors import InputError

if TYPE_CHECKING:
    from renderer.dataset.record import Record
    from renderer.dataset.verification import Dataset

HELP = """\
usage: gapless verify PATH [--export SET]

Check a dataset on disk, and write nothing. PATH is the folder of a gapless dataset, or any SET that gapless
train takes: a COCO json, a folder of Pascal VOC files, a YOLO data.yaml.

  of a gapless dataset   each frame: its record, image and maps are there with the bytes that were rendered;
                         masks, boxes, areas, visibility and flags agree; its certification is there.
                         annotations.json, draws.jsonl, manifest.json, README.md: they are what the records
                         give. Tar files of store=webdataset: their checksums. No other files
  --export SET           an export of PATH, read as gapless train reads it: the same images, boxes and
                         categories as in the records, or in those of the split that SET is
  of any other SET       images decode to the size of their labels, boxes lie in them, masks in their boxes

Exit status: 0 all is right, 1 something is not, 2 PATH or SET cannot be read.

examples:
  gapless verify outputs/dice
  gapless verify outputs/dice --export exported/data.yaml
  gapless verify photos/train.json
"""
MOST_SHOWN = 20  # faults, and rejected frames, that are printed one by one
EXIT_FAULTS = 1


def run(arguments: Sequence[str]) -> int:
    """Run `gapless verify` with its arguments; returns the exit status."""
    if {"-h", "--help"} & set(arguments):
        print(HELP)
        return 0
    from renderer.dataset.verification import is_dataset

    path, export = _parse(arguments)
    if path.is_dir() and is_dataset(path):
        return _verify_dataset(path, export)
    if export is not None:
        raise InputError(f"PATH must be a gapless dataset to compare --export with, and {path} is none")
    return _verify_set(str(path))


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise InputError(f"{message}; usage: gapless verify PATH [--export SET]")


def _parse(arguments: Sequence[str]) -> tuple[Path, str | None]:
    parser = _Parser(add_help=False)
    parser.add_argument("path", metavar="PATH")
    parser.add_argument("--export", metavar="SET")
    parsed = parser.parse_args(list(arguments))
    export = None if parsed.export is None else str(Path(parsed.export).expanduser())
    return Path(parsed.path).expanduser(), export


@dataclass(slots=True, kw_only=True)
class _Findings:
    """Faults as they are found: all are counted, the first are kept."""

    counts: Counter[str] = field(default_factory=Counter)
    first: list[str] = field(default_factory=list)

    def add(self, check: str, text: str) -> None:
        self.counts[check] += 1
        if len(self.first) < MOST_SHOWN:
            self.first.append(f"{check:<14}{text}")

    def print(self) -> None:
        total = self.counts.total()
        by_check = ", ".join(f"{check} {number}" for check, number in sorted(self.counts.items()))
        print(f"{total} fault{'s' if total > 1 else ''}: {by_check}")
        for line in self.first:
            print(f"  {line}")
        if total > len(self.first):
            print(f"  and {total - len(self.first)} more")


def _verify_dataset(root: Path, export: str | None) -> int:
    from renderer.dataset.derived_checks import check_derived
    from renderer.dataset.verification import check_folders, open_dataset

    start = time.perf_counter()
    dataset = open_dataset(root)
    findings = _Findings()
    frames = _check_frames(dataset, findings)
    frames.can_be_read &= not dataset.faults
    for fault in check_folders(dataset, frames.with_image):
        findings.add(fault.check, fault.reason)
    if frames.can_be_read:
        for fault in check_derived(dataset):
            findings.add(fault.check, fault.reason)
    seconds, number = time.perf_counter() - start, len(frames.rejected)
    print(f"{root}: {len(dataset.frames)} frames checked in {seconds:.1f} s, {number} of them rejected")
    _print_gaps(dataset.gaps())
    _print_rejected(frames.rejected)
    if export is not None and frames.can_be_read and not findings.counts["labels"]:
        _compare_export(dataset, export, findings)
    elif export is not None:
        print(f"{export} was not compared: the records must be right first")
    return _conclude(dataset, findings, frames)


@dataclass(slots=True, kw_only=True)
class _Frames:
    """Numbers of frames.

    Attributes:
        rejected: with the check that found a reason, and both in words.
        can_be_read: whether all records can be.
    """

    with_image: list[int] = field(default_factory=list)
    damaged: list[int] = field(default_factory=list)
    rejected: list[tuple[int, str, str]] = field(default_factory=list)
    can_be_read: bool = True


def _check_frames(dataset: "Dataset", findings: _Findings) -> _Frames:
    from renderer.commands.progress import track
    from renderer.dataset.verification import check_frames

    frames = _Frames()
    for checked in track(check_frames(dataset), "verify", total=len(dataset.frames)):
        for fault in checked.faults:
            findings.add(fault.check, f"frame {checked.frame}: {fault.reason}")
        if checked.faults:
            frames.damaged.append(checked.frame)
        record = checked.record
        if record is None:
            frames.can_be_read = False
        if record is not None and record["status"] == "rejected":
            reason = f"{record['check']}: {record['reason']}"
            frames.rejected.append((checked.frame, record["check"], reason))
        else:
            frames.with_image.append(checked.frame)
    return frames


def _print_gaps(gaps: Sequence[tuple[int, int]]) -> None:
    if gaps:
        named = [str(first) if first == last else f"{first}-{last}" for first, last in gaps[:MOST_SHOWN]]
        more = f" and {len(gaps) - MOST_SHOWN} more gaps" if len(gaps) > MOST_SHOWN else ""
        number = sum(last - first + 1 for first, last in gaps)
        frames = "frame" if number == 1 else f"{number} frames:"
        print(f"  not rendered, which is no fault: {frames} {', '.join(named)}{more}")


def _print_rejected(rejected: Sequence[tuple[int, str, str]]) -> None:
    """The frames that certification kept out."""
    if not rejected:
        return
    counts = Counter(check for _, check, _ in rejected)
    print("  rejected by certification: " + ", ".join(f"{c} {n}" for c, n in sorted(counts.items())))
    for frame, _, reason in rejected[:MOST_SHOWN]:
        print(f"    frame {frame}: {reason}")
    if len(rejected) > MOST_SHOWN:
        print(f"    and {len(rejected) - MOST_SHOWN} more")


def _compare_export(dataset: "Dataset", export: str, findings: _Findings) -> None:
    """Compare an export with the records of its dataset."""
    from train_eval.data.against_records import ROUNDING_PX, differences, format_of, path_and_split
    from train_eval.data.checker import check_set
    from train_eval.data.resolving import BOX_CUT
    from train_eval.data.sets import read_set

    path, split = path_and_split(export)
    box, records = _exported_part(dataset, path, split)
    reading = read_set(export)
    for problem in (*reading.problems, *check_set(reading.detections)):
        if box != "amodal" or problem.remedy != BOX_CUT:  # such boxes stick out of their images
            findings.add("export", problem.message)
    tolerance_px = ROUNDING_PX[format_of(path)]
    for difference in differences(reading.detections, records, box, tolerance_px):
        findings.add("export", difference)
    print(f"{reading.detections.name}: {len(reading.detections.images)} images compared with the records")


def _exported_part(dataset: "Dataset", path: Path, split: str) -> tuple[str, Iterator["Record"]]:
    """Which box an export has, and the records it is of: those of the split, where scenes are held out."""
    from renderer.dataset.derived_checks import all_records, box_of_annotations
    from renderer.dataset.exports.placing import marker_of
    from renderer.dataset.source import Split, open_source

    records = (record for record in all_records(dataset) if record["status"] == "ok")
    marker = marker_of(path)
    if marker is None:
        return box_of_annotations(dataset.root), records
    box = "visible" if marker["format"] == "yolo-segment" else marker["box"]  # that of the polygons
    if not split or not marker["val_share"]:
        return box, records
    held_out = Split(val_share=marker["val_share"], seed=marker["split_seed"])
    scene_frames = open_source(dataset.root).scene_frames
    return box, (record for record in records if held_out.of(record["frame"] // scene_frames) == split)


def _conclude(dataset: "Dataset", findings: _Findings, frames: _Frames) -> int:
    if not findings.counts:
        print("all is as it was rendered")
        return 0
    findings.print()
    if not frames.can_be_read:
        unread = "annotations.json, draws.jsonl and manifest.json"
        print(f"  {unread} were not compared: the records must be right first")
    print(_remedy(dataset, findings, frames.damaged))
    return EXIT_FAULTS


def _remedy(dataset: "Dataset", findings: _Findings, damaged: Sequence[int]) -> str:
    again = "run the gapless render command of this dataset again"
    if damaged:
        names = list(dict.fromkeys(dataset.store.holder(frame) for frame in damaged))
        more = " and those of the other frames" if len(names) > 3 else ""
        return f"next: delete {', '.join(names[:3])}{more}, then {again}: it renders what is missing"
    if findings.counts["shards"]:
        return f"next: restore the tar files that are named, or delete them, then {again}: it renders anew"
    if findings.counts["folders"]:
        return f"next: delete what belongs to no frame, then {again}"
    if set(findings.counts) == {"export"}:
        return "next: export the dataset again"
    return f"next: {again}: it writes anew what follows from the records"


def _verify_set(text: str) -> int:
    """Check labelled data that is not ours."""
    from renderer.commands.labelled_data import count_text
    from train_eval.data.checker import check_masks, check_not_empty, check_set
    from train_eval.data.sets import read_set

    reading = read_set(text)
    found = reading.detections
    check_not_empty(found)
    findings = _Findings()
    for problem in (*reading.problems, *check_set(found), *check_masks(found)):
        findings.add("labels", problem.message)
    print(f"{found.name}: {count_text(found)} checked")
    if not findings.counts:
        print("all is right")
        return 0
    findings.print()
    print("next: correct the labels, or train with on_bad_data=skip, which leaves out what is bad")
    return EXIT_FAULTS
