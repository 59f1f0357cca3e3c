"""`gapless export`: a finished dataset in the formats that other tools read."""

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from renderer.errors import InputError, StoreError

if TYPE_CHECKING:
    from renderer.dataset.exports.format import Choices, Format
    from renderer.dataset.exports.runner import Counts
    from renderer.dataset.source import Source

USAGE = "gapless export PATH --to FORMAT [FORMAT ...] [--out DIR] [--val SHARE] ..."
HELP = """\
usage: gapless export PATH --to FORMAT [FORMAT ...] [options]

Write a finished dataset in formats that other tools read, all of them in one pass over its records. PATH is
the folder of a gapless dataset; it is left as it is.

formats:
{formats}

options:
  --out DIR         where each format gets a folder of its name (default: PATH-exports, beside PATH). An
                    earlier export there is replaced; anything else is not
  --val SHARE       share of scenes that are held out for validation, from 0 to below 1 (default: 0, none).
                    All frames of a scene are on one side, and stay there when the dataset grows
  --split-seed N    another draw of those scenes (default: 0)
  --box BOX         visible, amodal (of the whole object) or amodal_clipped (to the image)
                    (default: labels.box of the recipe)
  --polygons        outlines instead of run lengths, where a format has both
  --copy            copy the images. Without it they are hard links to those of PATH where the file system
                    can: they take no space, and whoever changes one changes both
  --processes N     how many work at once (default: one for each core)

Frames without objects are exported as negatives; those that failed certification are not exported. An
instance that is to be ignored is marked so where a format has a word for it, else left out.

examples:
  gapless export outputs/dice --to coco
  gapless export outputs/dice --to coco yolo webdataset --val 0.2 --out exports/dice
  gapless export outputs/dice --to yolo-segment --val 0.2 --split-seed 1
"""
NEXT = {
    "coco": "gapless train data={folder}/annotations/instances_train.json",
    "yolo": "yolo detect train data={folder}/data.yaml model=yolo11n.pt",
    "yolo-segment": "yolo segment train data={folder}/data.yaml model=yolo11n-seg.pt",
    "webdataset": 'webdataset.WebDataset("{folder}/train-{{000000..{last}}}.tar").decode("pil")',
    "imagefolder": 'datasets.load_dataset("imagefolder", data_dir="{folder}")',
}


def run(arguments: Sequence[str]) -> int:
    """Run `gapless export` with its arguments; returns the exit status."""
    from renderer.dataset.exports.registry import FORMATS, formats_named

    if {"-h", "--help"} & set(arguments):
        print(HELP.format(formats="\n".join(f"  {one.name:<15} {one.help}" for one in FORMATS.values())))
        return 0
    parsed = _parse(arguments)
    root = Path(parsed.path).expanduser()
    formats = formats_named(parsed.to)
    source = _source(root)
    out = Path(parsed.out).expanduser() if parsed.out else _default_out(root)
    if out.resolve().is_relative_to(root.resolve()):
        raise InputError(f"--out {out} lies in the dataset, which is left as it is; choose another folder")
    choices = _choices(parsed, source)
    counts = _exported(source, formats, out, choices, parsed.processes)
    _print_summary(formats, out, choices, counts)
    return 0


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise InputError(f"{message}; usage: {USAGE}")


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    from renderer.execution.machine import measure_machine

    cores = measure_machine("cpu").cores
    parser = _Parser(add_help=False, allow_abbrev=False)
    parser.add_argument("path", metavar="PATH")
    parser.add_argument("--to", nargs="+", required=True, metavar="FORMAT")
    parser.add_argument("--out", metavar="DIR")
    parser.add_argument("--val", type=float, default=0.0, metavar="SHARE")
    parser.add_argument("--split-seed", type=int, default=0, metavar="N")
    parser.add_argument("--box", metavar="BOX")
    parser.add_argument("--polygons", action="store_true")
    parser.add_argument("--copy", action="store_true")
    parser.add_argument("--processes", type=int, default=cores, metavar="N")
    parsed = parser.parse_args(list(arguments))
    if not 0 <= parsed.val < 1:
        raise InputError(
            f"--val must be a share from 0 to below 1, got {parsed.val:g}; 0.2 holds out a fifth"
        )
    if parsed.processes < 1:
        raise InputError(f"--processes must be 1 or more, got {parsed.processes}")
    return parsed


def _default_out(root: Path) -> Path:
    named = root if root.name not in ("", "..") else root.resolve()
    return named.with_name(f"{named.name}-exports")


def _source(root: Path) -> "Source":
    """The dataset at a path.

    Raises:
        StoreError: it is none, or is not finished.
    """
    from renderer.dataset.manifest import MANIFEST
    from renderer.dataset.source import open_source
    from renderer.dataset.verification import is_dataset

    if not is_dataset(root):
        raise StoreError(f"PATH must be the folder of a gapless dataset, and {root} is none")
    if not (root / MANIFEST).is_file():
        raise StoreError(
            f"{root} is not finished; run its gapless render command again: it renders what is missing"
        )
    return open_source(root)


def _choices(parsed: argparse.Namespace, source: "Source") -> "Choices":
    from renderer.dataset.exports.format import Choices
    from renderer.dataset.source import Split
    from renderer.errors import unknown_name_message
    from renderer.recipe.schema import BOXES

    box = parsed.box or source.recipe.get("labels.box", "visible")
    if box not in BOXES:
        raise InputError(unknown_name_message("--box", box, BOXES))
    split = Split(val_share=parsed.val, seed=parsed.split_seed)
    return Choices(box=box, polygons=parsed.polygons, links=not parsed.copy, split=split)


def _exported(
    source: "Source", formats: Sequence["Format"], out: Path, choices: "Choices", processes: int
) -> "Counts":
    """Export under a progress bar of frames."""
    from renderer.commands.progress import track
    from renderer.dataset.exports.runner import NOTHING, export

    total = NOTHING

    def frames() -> Iterator[None]:
        nonlocal total
        for counts in export(source, formats, out, choices, processes):
            total += counts
            yield from [None] * counts.frames

    for _ in track(frames(), "export", total=len(source.frames())):
        pass
    return total


def _print_summary(formats: Sequence["Format"], out: Path, choices: "Choices", counts: "Counts") -> None:
    splits = ("train", "val") if choices.split.val_share else ("train",)
    shown = [f"{s} {_text(counts.images.get(s, 0), counts.annotations.get(s, 0))}" for s in splits]
    print(f"{counts.frames} frames exported: {'; '.join(shown)}")
    rejected = counts.frames - sum(counts.images.values())
    if rejected:
        print(f"  left out, for they failed certification: {rejected}")
    if choices.split.val_share and not counts.images.get("val"):
        print("  no scene was drawn for val: choose another --split-seed, or a larger --val")
    for one in formats:
        folder = (out / one.name).resolve()
        print(f"  {one.name}: {folder}")
        if one.name in NEXT:
            last = max(0, len(list(folder.glob("train-*.tar"))) - 1)
            print(f"    next: {NEXT[one.name].format(folder=folder, last=f'{last:06d}')}")


def _text(images: int, annotations: int) -> str:
    return f"{images} image{'s' * (images != 1)} with {annotations} annotation{'s' * (annotations != 1)}"
