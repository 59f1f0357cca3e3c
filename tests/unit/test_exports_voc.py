"""Export as Pascal VOC, read by our importer and by torchvision's rules."""

import json
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from torchvision.datasets import VOCDetection, VOCSegmentation
from unit.exported import BRICK, CATEGORIES, FRAMES, PARCEL, exported, record_of_frame

from renderer.dataset.coco import listed_instances
from renderer.dataset.exports.format import Choices, Target
from renderer.dataset.exports.voc import FORMAT as VOC
from renderer.dataset.exports.voc import VOID, voc_box, voc_colors
from renderer.dataset.record import decode_mask
from renderer.errors import DataError
from train_eval.data.voc import read_voc


@pytest.fixture(scope="module")
def folder(made_source, tmp_path_factory) -> Path:
    return exported(VOC, made_source, tmp_path_factory.mktemp("out") / "voc", parts=2)


@given(st.integers(0, 500), st.integers(0, 500), st.integers(1, 500), st.integers(1, 500))
def test_corners_count_from_1_and_both_are_pixels_of_the_box(x, y, width, height):
    xmin, ymin, xmax, ymax = voc_box((x, y, x + width, y + height))
    assert (xmin, ymin) == (x + 1, y + 1)
    assert len(range(xmin, xmax + 1)) == width
    assert len(range(ymin, ymax + 1)) == height


def test_our_importer_reads_the_very_boxes_of_the_records(made_source, folder):
    reading = read_voc(folder)
    assert reading.problems == ()
    assert len(reading.detections.images) == len(FRAMES)
    names = reading.detections.categories
    for frame, image in zip(FRAMES, reading.detections.images, strict=True):
        objects = listed_instances(record_of_frame(made_source, frame))
        assert image.boxes_xyxy.tolist() == [item["bbox_xyxy"] for item in objects]
        assert [names[label - 1] for label in image.labels] == [item["category"] for item in objects]
        assert image.ignore.tolist() == [item["ignored"] for item in objects]


@pytest.fixture
def devkit(folder, tmp_path) -> Path:
    """Where torchvision looks for it."""
    (tmp_path / "VOCdevkit").mkdir()
    (tmp_path / "VOCdevkit" / "VOC2012").symlink_to(folder)
    return tmp_path


def as_png(dataset):
    """torchvision asks for .jpg whatever `filename` says; all else is by its rules."""
    dataset.images = [str(Path(name).with_suffix(".png")) for name in dataset.images]
    return dataset


def test_torchvision_reads_images_and_objects(made_source, devkit):
    dataset = as_png(VOCDetection(str(devkit), image_set="trainval"))
    assert len(dataset) == len(FRAMES)
    image, target = dataset[0]
    annotation = target["annotation"]
    assert image.size == (96, 72) == tuple(int(annotation["size"][side]) for side in ("width", "height"))
    assert annotation["size"]["depth"] == "3"
    assert annotation["filename"] == "000000.png"
    objects = annotation["object"]
    assert [item["name"] for item in objects] == [BRICK, BRICK, PARCEL, PARCEL, "1"]
    assert [item["difficult"] for item in objects] == list("00001")
    assert [item["occluded"] for item in objects] == list("01000")
    assert [item["truncated"] for item in objects] == list("00010")
    assert {item["pose"] for item in objects} == {"Unspecified"}
    record = record_of_frame(made_source, 0)
    for item, known in zip(objects, listed_instances(record), strict=True):
        rows, columns = np.nonzero(decode_mask(known["segmentation"]))
        expected = [columns.min() + 1, rows.min() + 1, columns.max() + 1, rows.max() + 1]
        assert [int(item["bndbox"][corner]) for corner in ("xmin", "ymin", "xmax", "ymax")] == expected


def test_an_image_without_objects_is_listed_without_any(devkit):
    _, target = as_png(VOCDetection(str(devkit), image_set="train"))[1]
    assert target["annotation"]["object"] == []


def test_torchvision_reads_masks_whose_numbers_are_classes_and_objects(made_source, folder, devkit):
    dataset = as_png(VOCSegmentation(str(devkit), image_set="trainval"))
    assert len(dataset) == len(FRAMES)
    _, target = dataset[0]
    classes = np.array(target)
    numbers = np.array(Image.open(folder / "SegmentationObject" / "000000.png"))
    names = (folder / "classes.txt").read_text().splitlines()
    assert names == list(CATEGORIES)
    left = np.ones_like(classes, dtype=bool)
    for number, item in enumerate(listed_instances(record_of_frame(made_source, 0)), start=1):
        mask = decode_mask(item["segmentation"])
        expected = (VOID, VOID) if item["ignored"] else (names.index(item["category"]) + 1, number)
        assert set(zip(classes[mask].tolist(), numbers[mask].tolist(), strict=True)) == {expected}
        left &= ~mask
    assert not classes[left].any()
    assert not numbers[left].any()


def test_the_palette_is_vocs(folder):
    colors = voc_colors()
    known = {0: (0, 0, 0), 1: (128, 0, 0), 2: (0, 128, 0), 15: (192, 128, 128), 20: (0, 64, 128)}
    assert {number: tuple(colors[number].tolist()) for number in known} == known
    assert tuple(colors[VOID].tolist()) == (224, 224, 192)
    image = Image.open(folder / "SegmentationClass" / "000000.png")
    assert (image.mode, image.getpalette()) == ("P", colors.ravel().tolist())


def test_scenes_are_in_one_split_and_in_trainval(folder):
    for kind in ("Main", "Segmentation"):
        train, val, both = (
            (folder / "ImageSets" / kind / f"{name}.txt").read_text().split()
            for name in ("train", "val", "trainval")
        )
        assert both == [f"{frame:06d}" for frame in FRAMES] == sorted(train + val)
        assert val == ["002345"]


def one_frame(made_source, tmp_path, change) -> Path:
    """An export of frame 0 with its record changed."""
    record = json.loads(json.dumps(record_of_frame(made_source, 0)))
    change(record)
    target = Target(folder=tmp_path / "voc", source=made_source, choices=Choices())
    (target.folder / ".parts").mkdir(parents=True)
    with closing(VOC.part(target, 0)) as part:
        part.add(record, "train")
    VOC.merge(target, 1)
    return target.folder


def test_what_is_seen_of_flagged_objects_is_void_and_no_object(made_source, tmp_path):
    def flag(record):
        record["instances"][0]["annotated"] = False

    out = one_frame(made_source, tmp_path, flag)
    assert len(ElementTree.parse(out / "Annotations/000000.xml").findall("object")) == 4
    mask = decode_mask(record_of_frame(made_source, 0)["instances"][0]["segmentation"])
    assert set(np.array(Image.open(out / "SegmentationClass/000000.png"))[mask].tolist()) == {VOID}
    assert not (out / "ImageSets/Main/val.txt").exists()


def test_an_image_of_more_objects_than_a_palette_has_numbers_has_no_masks(made_source, tmp_path):
    def multiply(record):
        record["instances"] = record["instances"][:1] * 255

    out = one_frame(made_source, tmp_path, multiply)
    root = ElementTree.parse(out / "Annotations/000000.xml")
    assert root.findtext("segmented") == "0"
    assert len(root.findall("object")) == 255
    assert (out / "ImageSets/Segmentation/trainval.txt").read_text() == ""
    assert list((out / "SegmentationClass").iterdir()) == []


def test_a_category_that_xml_cannot_hold_is_refused(made_source, tmp_path):
    target = Target(folder=tmp_path, source=replace(made_source, categories=("a\x01b",)), choices=Choices())
    with pytest.raises(DataError, match="voc cannot hold the category 'a\\\\x01b' in XML"):
        VOC.part(target, 0)
