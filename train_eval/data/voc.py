"""Pascal VOC: one XML file for each image, beside it or in `Annotations/` with the images in `JPEGImages/`.

An object that is `difficult` is ignored. The challenge's own files count corners from 1 and include the
last pixel: x0 = xmin - 1, x1 = xmax. They are known by their `source/annotation`, 'PASCAL VOC2007' and the
like. All other files come from labelling tools, which write where the box was drawn: x0 = xmin, x1 = xmax.

An image is found by the name of its XML, for the `filename` inside survives renaming; the latter decides
between several. An image without an XML is not part of the set: nobody said that it has no objects.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NoReturn
from xml.etree import ElementTree

from renderer.errors import DataError
from train_eval.data.images import IMAGE_SUFFIXES
from train_eval.data.listing import IMAGE_LEFT_OUT, ListedBox, ListedImage, Listing, set_name
from train_eval.data.problems import Problem, Reading
from train_eval.data.resolving import resolve

CORNERS = ("xmin", "ymin", "xmax", "ymax")
CHALLENGE = "PASCAL VOC"


class _PlainTree(ElementTree.TreeBuilder):
    """Builds a tree of XML without declarations: entities could swell to any size, or name other files."""

    def doctype(self, name: str, pubid: str | None, system: str | None) -> NoReturn:
        raise DataError("declares a DOCTYPE, which no annotation needs; remove it")


def read_voc(folder: Path) -> Reading:
    """Read a folder of Pascal VOC annotations and the headers of its images.

    Raises:
        DataError: there is no XML file in it.
    """
    xml_folder = folder / "Annotations" if (folder / "Annotations").is_dir() else folder
    image_folder = folder / "JPEGImages" if (folder / "JPEGImages").is_dir() else xml_folder
    xml_paths = sorted(xml_folder.glob("*.xml"))
    if not xml_paths:
        raise DataError(f"{xml_folder} holds no XML files, expected one for each image")
    return resolve(voc_listing(set_name(folder), xml_paths, image_folder))


def voc_listing(name: str, xml_paths: Sequence[Path], image_folder: Path) -> Listing:
    """List what some XML files hold; categories are in alphabetical order, for the format lists none."""
    images_by_stem = _images_by_stem(image_folder)
    images: list[ListedImage] = []
    problems: list[Problem] = []
    for number, xml_path in enumerate(xml_paths, start=1):
        try:
            root = parse_xml(xml_path.read_bytes())
            path = _image_path(root, xml_path, images_by_stem)
            images.append(voc_image(root, path, number))
        except (DataError, OSError) as error:
            problems.append(Problem(message=f"{xml_path} {error}", remedy=IMAGE_LEFT_OUT))
    categories = tuple(sorted({box.category for image in images for box in image.boxes}))
    return Listing(name=name, categories=categories, images=tuple(images), problems=tuple(problems))


def parse_xml(content: bytes) -> ElementTree.Element:
    """Parse XML that declares nothing.

    Raises:
        DataError: it is broken or has a DOCTYPE.
    """
    try:
        # ruff warns of what a DOCTYPE can do; there is none.
        return ElementTree.fromstring(content, ElementTree.XMLParser(target=_PlainTree()))  # noqa: S314
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise DataError(f"is no XML ({error}); restore or remove it") from error


def voc_image(root: ElementTree.Element, path: Path, image_id: int) -> ListedImage:
    """List the objects of one annotation.

    Raises:
        DataError: an object lacks its name or a corner, or the size is no number.
    """
    first_pixel = 1 if (root.findtext("source/annotation") or "").startswith(CHALLENGE) else 0
    boxes = [
        _box(element, number, first_pixel) for number, element in enumerate(root.findall("object"), start=1)
    ]
    return ListedImage(path=path, image_id=image_id, size_hw=_size_hw(root), boxes=tuple(boxes))


def _box(element: ElementTree.Element, number: int, first_pixel: int) -> ListedBox:
    name = (element.findtext("name") or "").strip()
    if not name:
        raise DataError(f"has no name for object {number}")
    x0, y0, x1, y1 = (_number(element, f"bndbox/{corner}", f"object {number}") for corner in CORNERS)
    return ListedBox(
        where=f"object {number}",
        category=name,
        corners_xyxy=(x0 - first_pixel, y0 - first_pixel, x1, y1),
        ignore=(element.findtext("difficult") or "0").strip() not in ("0", "Unspecified"),
    )


def _number(element: ElementTree.Element, key: str, where: str) -> float:
    text = element.findtext(key)
    try:
        return float(text or "")
    except ValueError as error:
        raise DataError(f"has {text!r} as {key} of {where}, expected a number") from error


def _size_hw(root: ElementTree.Element) -> tuple[int, int] | None:
    """The size in pixels; some tools leave it out or write 0."""
    if root.find("size") is None:
        return None
    height, width = (_number(root, f"size/{side}", "the image") for side in ("height", "width"))
    if not (math.isfinite(height) and math.isfinite(width)):
        raise DataError(f"has the size {width}x{height}, expected whole numbers")
    return (int(height), int(width)) if height > 0 and width > 0 else None


def _images_by_stem(folder: Path) -> Mapping[str, Sequence[Path]]:
    by_stem: defaultdict[str, list[Path]] = defaultdict(list)
    for path in _image_files(folder.iterdir()):
        by_stem[path.stem].append(path)
    return by_stem


def _image_files(paths: Iterable[Path]) -> list[Path]:
    return sorted(path for path in paths if path.suffix.lower() in IMAGE_SUFFIXES)


def _image_path(
    root: ElementTree.Element, xml_path: Path, images_by_stem: Mapping[str, Sequence[Path]]
) -> Path:
    """The image of an XML file.

    Raises:
        DataError: there is none, or it cannot be told which.
    """
    named = (root.findtext("filename") or "").replace("\\", "/").rpartition("/")[2]
    candidates = images_by_stem.get(xml_path.stem) or images_by_stem.get(Path(named).stem) or []
    by_name = [path for path in candidates if path.name == named]
    if len(candidates) != 1 and not by_name:
        found = f"several: {', '.join(path.name for path in candidates)}" if candidates else "none"
        raise DataError(f"is for the image {named or xml_path.stem}, but of that name there is {found}")
    return (by_name or list(candidates))[0]
