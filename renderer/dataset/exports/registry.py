"""The formats that a dataset is exported to, by name."""

from collections.abc import Mapping, Sequence

from renderer.dataset.exports import bop, coco, imagefolder, kitti, voc, webdataset, yolo
from renderer.dataset.exports.format import Format
from renderer.errors import InputError, unknown_name_message

_ALL: Sequence[Format] = (
    coco.FORMAT,
    *yolo.FORMATS,
    voc.FORMAT,
    kitti.FORMAT,
    bop.FORMAT,
    webdataset.FORMAT,
    imagefolder.FORMAT,
)
FORMATS: Mapping[str, Format] = {one.name: one for one in _ALL}


def formats_named(names: Sequence[str]) -> list[Format]:
    """The formats of these names, each once, in their order.

    Raises:
        InputError: there is no such format.
    """
    for name in names:
        if name not in FORMATS:
            raise InputError(unknown_name_message("--to", name, FORMATS))
    return [FORMATS[name] for name in dict.fromkeys(names)]
