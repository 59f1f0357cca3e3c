"""COCO: `images/{train,val}/` and `annotations/instances_{train,val}.json`, whose files lie in the former.

Masks are run lengths, or polygons along the edges of pixels, whose holes are cut in by bridges of no width:
pycocotools fills them to the same mask. What is ignored is a crowd and keeps its run lengths, as COCO has it.
"""

from contextlib import ExitStack
from dataclasses import dataclass

from renderer.dataset.coco import ANNOTATIONS, END, IMAGES, CocoLines, LineWriter
from renderer.dataset.exports.format import Target
from renderer.dataset.exports.images import image_file, place_image
from renderer.dataset.exports.outlines import outlines
from renderer.dataset.record import Record
from renderer.files import atomic_file


@dataclass(frozen=True, slots=True, kw_only=True)
class CocoFormat:
    """COCO."""

    name: str = "coco"
    help: str = "COCO json: boxes, masks as run lengths or --polygons, keypoints, crowds"

    def part(self, target: Target, number: int) -> "CocoPart":
        """Begin a part."""
        return CocoPart(target, number)

    def merge(self, target: Target, parts: int) -> None:
        """Join the lines of all parts, images before annotations."""
        for split in target.splits():
            (target.folder / "images" / split).mkdir(parents=True, exist_ok=True)
            with atomic_file(target.folder / "annotations" / f"instances_{split}.json") as file:
                file.write(_lines(target).header())
                for kind, opening in (("images", IMAGES), ("annotations", ANNOTATIONS)):
                    file.write(opening)
                    writer = LineWriter(file)
                    for number in range(parts):
                        writer.append(target.part_path(number, f"{split}.{kind}"))
                file.write(END)


class CocoPart:
    """Images in their places, and lines of images and annotations."""

    def __init__(self, target: Target, number: int) -> None:
        self._target = target
        self._lines = _lines(target)
        with ExitStack() as files:
            self._writers = {
                (split, kind): LineWriter(
                    files.enter_context(target.part_path(number, f"{split}.{kind}").open("wb"))
                )
                for split in target.splits()
                for kind in ("images", "annotations")
            }
            self._files = files.pop_all()

    def add(self, record: Record, split: str) -> None:
        """Place the image of a frame and write its lines."""
        name = image_file(record)
        place_image(self._target, record, self._target.folder / "images" / split / name)
        self._writers[split, "images"].add(self._lines.image(record, name))
        for line in self._lines.annotations(record, self._polygons(record)):
            self._writers[split, "annotations"].add(line)

    def _polygons(self, record: Record) -> dict[int, list[list[float]]]:
        """The outlines that stand instead of run lengths, by the id of their instance."""
        if not self._target.choices.polygons:
            return {}
        instances = [instance for instance in record["instances"] if instance["annotated"]]
        of_instances = zip(instances, outlines(record, instances), strict=True)
        return {instance["id"]: found for instance, found in of_instances}

    def close(self) -> None:
        """Close the files."""
        self._files.close()


def _lines(target: Target) -> CocoLines:
    source = target.source
    return CocoLines(categories=source.categories, box=target.choices.box, keypoints=source.keypoints)


FORMAT = CocoFormat()
