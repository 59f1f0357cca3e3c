"""Pascal VOC: an XML file for each image, lists of them by split, and masks as palette images.

Boxes are whole pixels, counted from 1, both corners inside: the half-open box (x0, y0, x1, y1) of a record,
which counts from 0, is xmin = x0 + 1, ymin = y0 + 1, xmax = x1, ymax = y1. `source/annotation` begins with
'PASCAL VOC', by which `train_eval.data.voc` knows files that count so.

`SegmentationClass` has the category's number in `classes.txt`, from 1, `SegmentationObject` the object's in
the XML, from 1; 0 is background. 255 is VOC's void, which may be anything: here what is ignored, and what is
seen of objects that are not annotated. VOC's hand-drawn masks have a border of void as well, for nobody knows
where the edge is; these masks are exact, and have none.
"""

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import SubElement

import numpy as np
from jaxtyping import Bool, UInt8
from PIL import Image

from renderer.dataset.coco import listed_instances
from renderer.dataset.exports.format import Part, Target
from renderer.dataset.exports.images import image_file, place_image
from renderer.dataset.exports.objects import Instance, box_in_image, hidden_share
from renderer.dataset.record import Record, decode_mask
from renderer.errors import DataError
from renderer.files import append_files, atomic_file, write_bytes

VOID, MOST_NUMBERS = 255, 254
# The challenge's guidelines: truncated where more than 15 to 20 % of an object lie outside of its box, and
# occluded where more than 5 % of what is inside is hidden.
TRUNCATED_SHARE, OCCLUDED_SHARE = 0.15, 0.05
TRAINVAL = "trainval"
DETECTION, SEGMENTATION = "Main", "Segmentation"
FOLDERS = ("JPEGImages", "Annotations", "SegmentationClass", "SegmentationObject")


class VocFormat:
    """Pascal VOC's folders."""

    name = "voc"
    help = "Pascal VOC: an XML file for each image, palette images of classes and objects"

    def part(self, target: Target, number: int) -> Part:
        """Begin a part.

        Raises:
            DataError: XML cannot hold a category's name.
        """
        for category in target.source.categories:
            if not category.isprintable():
                raise DataError(f"voc cannot hold the category {category!r} in XML; give it a printable name")
        return _Part(target, number)

    def merge(self, target: Target, parts: int) -> None:
        """Join the lists, and write the names of the classes."""
        for kind in (DETECTION, SEGMENTATION):
            for split in _sets(target):
                path = target.folder / "ImageSets" / kind / f"{split}.txt"
                with atomic_file(path) as file:
                    append_files(file, [target.part_path(n, f"{kind}.{split}") for n in range(parts)])
        names = "".join(f"{category}\n" for category in target.source.categories)
        write_bytes(target.folder / "classes.txt", names.encode())


def _sets(target: Target) -> Sequence[str]:
    return (*target.splits(), TRAINVAL)


class _Part:
    def __init__(self, target: Target, number: int) -> None:
        self._target = target
        for name in FOLDERS:
            (target.folder / name).mkdir(parents=True, exist_ok=True)
        self._open = ExitStack()
        self._lists = {
            (kind, split): self._open.enter_context(target.part_path(number, f"{kind}.{split}").open("w"))
            for kind in (DETECTION, SEGMENTATION)
            for split in _sets(target)
        }
        numbered = enumerate(target.source.categories, start=1)
        self._classes = {category: number for number, category in numbered}

    def add(self, record: Record, split: str) -> None:
        """Write the image, its XML and its masks."""
        folder, name = self._target.folder, image_file(record)
        stem = Path(name).stem
        objects = listed_instances(record)
        has_masks = len(objects) <= MOST_NUMBERS and len(self._classes) <= MOST_NUMBERS
        place_image(self._target, record, folder / "JPEGImages" / name)
        (folder / "Annotations" / f"{stem}.xml").write_bytes(
            _annotation(self._target, record, objects, has_masks=has_masks)
        )
        self._list(DETECTION, split, stem)
        if has_masks:
            self._write_masks(record, objects, stem)
            self._list(SEGMENTATION, split, stem)

    def close(self) -> None:
        """Close the lists."""
        self._open.close()

    def _list(self, kind: str, split: str, stem: str) -> None:
        for name in (split, TRAINVAL):
            self._lists[kind, name].write(f"{stem}\n")

    def _write_masks(self, record: Record, objects: Sequence[Instance], stem: str) -> None:
        image = record["image"]
        classes = np.zeros((image["height_px"], image["width_px"]), dtype=np.uint8)
        numbers = classes.copy()
        for instance in record["instances"]:  # masks do not overlap
            if not instance["annotated"]:
                mask = _visible(instance)
                classes[mask] = numbers[mask] = VOID
        for number, instance in enumerate(objects, start=1):
            if instance["annotated"]:
                mask = _visible(instance)
                classes[mask], numbers[mask] = self._classes[instance["category"]], number
        for name, pixels in (("SegmentationClass", classes), ("SegmentationObject", numbers)):
            _save_indexed(pixels, self._target.folder / name / f"{stem}.png")


def _visible(instance: Instance) -> Bool[np.ndarray, "h w"]:
    return decode_mask(instance["segmentation"])


def _annotation(target: Target, record: Record, objects: Sequence[Instance], *, has_masks: bool) -> bytes:
    root = ElementTree.Element("annotation")
    image = record["image"]
    SubElement(root, "folder").text = FORMAT.name
    SubElement(root, "filename").text = image_file(record)
    source = SubElement(root, "source")
    SubElement(source, "database").text = "gapless"
    SubElement(source, "annotation").text = "PASCAL VOC conventions"
    size = SubElement(root, "size")
    for side, value in (("width", image["width_px"]), ("height", image["height_px"]), ("depth", 3)):
        SubElement(size, side).text = str(value)
    SubElement(root, "segmented").text = str(int(has_masks))
    for instance in objects:
        _add_object(root, instance, box_in_image(record, instance, target.choices.box))
    ElementTree.indent(root)
    return bytes(ElementTree.tostring(root, encoding="utf-8")) + b"\n"


def _add_object(root: ElementTree.Element, instance: Instance, box_xyxy: tuple[int, int, int, int]) -> None:
    element = SubElement(root, "object")
    flags = {
        "truncated": instance["truncation"] > TRUNCATED_SHARE,
        "occluded": hidden_share(instance) > OCCLUDED_SHARE,
        "difficult": instance["ignored"],
    }
    SubElement(element, "name").text = instance["category"]
    SubElement(element, "pose").text = "Unspecified"
    for name, holds in flags.items():
        SubElement(element, name).text = str(int(holds))
    box = SubElement(element, "bndbox")
    for name, value in zip(("xmin", "ymin", "xmax", "ymax"), voc_box(box_xyxy), strict=True):
        SubElement(box, name).text = str(value)


def voc_box(box_xyxy: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
    """VOC's corners, counted from 1 and both inside, of a half-open box that counts from 0."""
    x0, y0, x1, y1 = box_xyxy
    return x0 + 1, y0 + 1, x1, y1


def voc_colors() -> UInt8[np.ndarray, "256 3"]:
    """VOC's colours: bits 0, 3 and 6 of a number are red's highest, 1, 4 and 7 green's, 2 and 5 blue's."""
    numbers = np.arange(256)
    colors = np.zeros((256, 3), dtype=np.uint8)
    for channel in range(3):
        for place in range(3 if channel < 2 else 2):
            bit = numbers >> (3 * place + channel) & 1
            colors[:, channel] |= (bit << (7 - place)).astype(np.uint8)
    return colors


_PALETTE = voc_colors().tobytes()


def _save_indexed(pixels: UInt8[np.ndarray, "h w"], path: Path) -> None:
    image = Image.fromarray(pixels)
    image.putpalette(_PALETTE)
    image.save(path, compress_level=1)


FORMAT = VocFormat()
