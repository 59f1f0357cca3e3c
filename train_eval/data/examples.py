"""Labelled images inside TFRecord files: the feature names of TensorFlow's Object Detection API.

`image/encoded` is the image file, `image/object/bbox/xmin` and the like are fractions of the image, and
`image/object/class/text` names the categories.
"""

from pathlib import Path, PurePosixPath

from renderer.errors import DataError
from renderer.files import write_bytes
from train_eval.data.listing import IMAGE_LEFT_OUT, BoxUnit, ListedBox, ListedImage, Listing
from train_eval.data.problems import Problem
from train_eval.data.tfrecord import Example, Feature, number_list, read_examples, text_list

CORNERS = ("xmin", "ymin", "xmax", "ymax")


def tfrecord_listing(name: str, path: Path, image_folder: Path) -> Listing:
    """List the images of a TFRecord file, and write them into a folder, as they are.

    Categories are in alphabetical order, for the file lists none; ids count the images from 1.

    Raises:
        DataError: the file is no TFRecord file.
        StoreError: the folder cannot be written.
    """
    images: dict[Path, ListedImage] = {}
    problems: list[Problem] = []
    for number, example in enumerate(read_examples(path), start=1):
        try:
            image = listed_image(example, image_folder, number)
            if image.path in images:
                raise DataError(
                    f"has the file name of image {images[image.path].image_id}, {image.path.name}"
                )
        except (DataError, UnicodeDecodeError) as error:
            problems.append(Problem(message=f"record {number} of {path} {error}", remedy=IMAGE_LEFT_OUT))
            continue
        write_bytes(image.path, _encoded(example))
        images[image.path] = image
    categories = tuple(sorted({box.category for image in images.values() for box in image.boxes}))
    return Listing(name=name, categories=categories, images=tuple(images.values()), problems=tuple(problems))


def listed_image(example: Example, image_folder: Path, image_id: int) -> ListedImage:
    """List the objects of one example.

    Boxes become pixels of the size that the example states: only so can they be turned with the picture.

    Raises:
        DataError: the image, its name or a coordinate is missing.
    """
    _encoded(example)
    height, width = (number_list(example, f"image/{side}") for side in ("height", "width"))
    size_hw = (int(height[0]), int(width[0])) if height and width else None
    scale_x, scale_y = (size_hw[1], size_hw[0]) if size_hw else (1, 1)
    categories, coordinates = _categories(example), _coordinates(example)
    boxes = (
        ListedBox(
            where=f"object {number}",
            category=category,
            corners_xyxy=(x0 * scale_x, y0 * scale_y, x1 * scale_x, y1 * scale_y),
        )
        for number, (category, x0, y0, x1, y1) in enumerate(
            zip(categories, *coordinates, strict=True), start=1
        )
    )
    return ListedImage(
        path=image_folder / _file_name(example, image_id),
        image_id=image_id,
        size_hw=size_hw,
        unit=BoxUnit.PIXEL if size_hw else BoxUnit.IMAGE,
        boxes=tuple(boxes),
    )


def _encoded(example: Example) -> bytes:
    values: Feature = example.get("image/encoded", [])
    if len(values) != 1 or not isinstance(values[0], bytes):
        raise DataError("has no image/encoded")
    return values[0]


def _categories(example: Example) -> list[str]:
    names = text_list(example, "image/object/class/text")
    return names or [f"{number:g}" for number in number_list(example, "image/object/class/label")]


def _coordinates(example: Example) -> list[list[float]]:
    """Lists of x0, y0, x1 and y1, as long as that of the categories."""
    coordinates = [number_list(example, f"image/object/bbox/{corner}") for corner in CORNERS]
    lengths = [len(_categories(example)), *map(len, coordinates)]
    if len(set(lengths)) != 1:
        raise DataError(f"has {lengths[0]} categories, but {lengths[1:]} of {', '.join(CORNERS)}")
    return coordinates


def _file_name(example: Example, image_id: int) -> str:
    """The name of the image, without the folders it once lay in."""
    texts = text_list(example, "image/filename") or text_list(example, "image/source_id")
    name = PurePosixPath(texts[0].replace("\\", "/")).name if texts else ""
    if "\0" in name:
        raise DataError("has a file name with a zero in it")
    if name in ("", "..") or not PurePosixPath(name).suffix:
        suffix = "".join(filter(str.isalnum, "".join(text_list(example, "image/format"))))
        return f"{image_id:06d}.{suffix or 'jpg'}"
    return name
