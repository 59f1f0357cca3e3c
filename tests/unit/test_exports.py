"""Exports: each is opened by its own reader, and all formats say the same of the same frames."""

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import webdataset
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO
from unit.exporting import (
    CATEGORIES,
    Shown,
    exported,
    filled,
    read_as_ultralytics,
    record_of,
    shown_masks,
    source_of,
)
from unit.frames import rejected_of, tree

from renderer.dataset.coco import exported_box
from renderer.dataset.exports.format import Choices
from renderer.dataset.exports.outlines import joined_path, outlines
from renderer.dataset.exports.registry import FORMATS
from renderer.dataset.record import decode_mask
from renderer.dataset.source import Split
from renderer.recipe.schema import BOXES
from train_eval.data.sets import read_set

# webdataset leaves the tars that it reads to the garbage collector
pytestmark = pytest.mark.filterwarnings("ignore:unclosed file <_io.BufferedReader:ResourceWarning")

ALL = ("coco", "yolo", "yolo-segment", "webdataset", "imagefolder")
SIZE_HW = (24, 40)
HALF = Split(val_share=0.5)
records = st.lists(shown_masks(SIZE_HW), min_size=1, max_size=3).map(
    lambda frames: [record_of(frame, SIZE_HW, shown) for frame, shown in enumerate(frames)]
)


def square(x: int, y: int, size: int = 8) -> np.ndarray:
    mask = np.zeros(SIZE_HW, dtype=bool)
    mask[y : y + size, x : x + size] = True
    return mask


def ring_and_island() -> np.ndarray:
    mask = square(2, 2, 10)
    mask[5:9, 5:9] = False
    mask[18:22, 30:36] = True
    return mask


FRAMES = [
    record_of(0, SIZE_HW, [Shown(mask=ring_and_island(), category="2"), Shown(mask=square(20, 4))]),
    record_of(1, SIZE_HW),
    record_of(2, SIZE_HW, [Shown(mask=square(9, 9), annotated=False, ignored=True)]),
    rejected_of(3),
    record_of(4, SIZE_HW, [Shown(mask=square(36, 20), margin_px=(0, 0, 9, 9))]),
]


def expected(record: dict, box: str, *, with_ignored: bool) -> list[tuple]:
    """Category, box [x0, y0, x1, y1] cut to the image, and whether it is ignored, of each instance."""
    height, width = SIZE_HW
    found = []
    for entry in record["instances"]:
        if entry["annotated"] or (with_ignored and entry["ignored"]):
            x, y, w, h = exported_box(entry, box, (width, height))
            found.append((entry["category"], *cut([x, y, x + w, y + h]), entry["ignored"]))
    return sorted(found)


def cut(corners) -> list[float]:
    height, width = SIZE_HW
    return [round(float(v), 4) + 0.0 for v in np.clip(corners, 0, (width, height, width, height))]


def of_coco(out: Path) -> dict[str, list[tuple]]:
    coco = COCO(out / "coco/annotations/instances_train.json")
    found = {Path(image["file_name"]).stem: [] for image in coco.imgs.values()}
    for annotation in coco.anns.values():
        x, y, w, h = annotation["bbox"]
        category = coco.cats[annotation["category_id"]]["name"]
        stem = Path(coco.imgs[annotation["image_id"]]["file_name"]).stem
        found[stem].append((category, *cut([x, y, x + w, y + h]), bool(annotation["iscrowd"])))
    return {stem: sorted(boxes) for stem, boxes in found.items()}


def of_yolo(out: Path) -> dict[str, list[tuple]]:
    height, width = SIZE_HW
    found = {}
    for stem, (classes, rows) in read_as_ultralytics(out / "yolo/data.yaml", "train").items():
        corners = [
            ((x - w / 2) * width, (y - h / 2) * height, (x + w / 2) * width, (y + h / 2) * height)
            for x, y, w, h in rows
        ]
        named = zip(classes, corners, strict=True)
        found[stem] = sorted((CATEGORIES[label], *cut(box), False) for label, box in named)
    return found


def of_segments(out: Path) -> dict[str, list[tuple]]:
    found = {}
    for stem, (classes, rows) in read_as_ultralytics(out / "yolo-segment/data.yaml", "train").items():
        points = [row.reshape(-1, 2) * SIZE_HW[::-1] for row in rows]
        named = zip(classes, points, strict=True)
        found[stem] = sorted((CATEGORIES[label], *cut([*p.min(0), *p.max(0)]), False) for label, p in named)
    return found


def samples_of(folder: Path, split: str = "train") -> list[dict]:
    tars = [str(path) for path in sorted(folder.glob(f"{split}-*.tar"))]
    if not tars:
        return []
    return list(webdataset.WebDataset(tars, shardshuffle=False).decode("pil"))


def of_webdataset(out: Path) -> dict[str, list[tuple]]:
    found = {}
    for sample in samples_of(out / "webdataset"):
        labels = sample["json"]
        lists = zip(labels["categories"], labels["boxes_xyxy"], labels["ignored"], strict=True)
        found[sample["__key__"]] = sorted((name, *cut(box), ignored) for name, box, ignored in lists)
    return found


def rows_of(folder: Path) -> list[dict]:
    return [json.loads(line) for line in (folder / "metadata.jsonl").read_text().splitlines()]


def of_imagefolder(out: Path) -> dict[str, list[tuple]]:
    found = {}
    for row in rows_of(out / "imagefolder/train"):
        objects = row["objects"]
        lists = zip(objects["categories"], objects["bbox"], objects["iscrowd"], strict=True)
        found[Path(row["file_name"]).stem] = sorted(
            (CATEGORIES[label], *cut([x, y, x + w, y + h]), bool(crowd))
            for label, (x, y, w, h), crowd in lists
        )
    return found


@settings(max_examples=25)
@given(records, st.sampled_from(BOXES), st.booleans())
def test_all_formats_say_the_same_boxes_and_categories(tmp_path_factory, drawn, box, polygons):
    root = tmp_path_factory.mktemp("exports")
    exported(source_of(root / "d", drawn), root, *ALL, choices=Choices(box=box, polygons=polygons))
    names = [f"{record['frame']:06d}" for record in drawn]
    all_of = {n: expected(r, box, with_ignored=True) for n, r in zip(names, drawn, strict=True)}
    annotated = {n: expected(r, box, with_ignored=False) for n, r in zip(names, drawn, strict=True)}
    visible = {n: expected(r, "visible", with_ignored=False) for n, r in zip(names, drawn, strict=True)}
    assert of_coco(root) == of_webdataset(root) == of_imagefolder(root) == all_of
    assert of_yolo(root) == annotated
    assert of_segments(root) == visible
    shutil.rmtree(root)


@settings(max_examples=25)
@given(records, st.booleans())
def test_masks_come_back_pixel_by_pixel(tmp_path_factory, drawn, polygons):
    root = tmp_path_factory.mktemp("exports")
    exported(source_of(root / "d", drawn), root, "coco", "webdataset", choices=Choices(polygons=polygons))
    coco = COCO(root / "coco/annotations/instances_train.json")
    labels = {sample["json"]["frame"]: sample["json"] for sample in samples_of(root / "webdataset")}
    for record in drawn:
        for entry in record["instances"]:
            if entry["annotated"] or entry["ignored"]:
                annotation = coco.anns[record["frame"] * 2**15 + entry["id"]]
                mask = decode_mask(entry["segmentation"])
                np.testing.assert_array_equal(coco.annToMask(annotation), mask)
                assert isinstance(annotation["segmentation"], list) == (polygons and not entry["ignored"])
                place = labels[record["frame"]]["ids"].index(entry["id"])
                np.testing.assert_array_equal(decode_mask(labels[record["frame"]]["masks"][place]), mask)
    shutil.rmtree(root)


@given(shown_masks(SIZE_HW))
def test_the_one_polygon_of_yolo_fills_to_the_mask(shown):
    """By pycocotools exactly; OpenCV draws borders too, so that it adds the lines of the bridges."""
    record = record_of(0, SIZE_HW, shown)
    for one, pieces in zip(shown, outlines(record, record["instances"]), strict=True):
        path = joined_path(pieces)
        code = coco_mask.merge(coco_mask.frPyObjects([path.flatten().tolist()], *SIZE_HW))
        np.testing.assert_array_equal(coco_mask.decode(code).astype(bool), one.mask)
        shown_by_opencv = filled(path / SIZE_HW[::-1], SIZE_HW)
        assert shown_by_opencv[one.mask].all()
        extra = int((shown_by_opencv & ~one.mask).sum())
        assert extra <= (len(pieces) - 1) * sum(SIZE_HW)


def test_a_mask_of_one_piece_is_one_polygon_without_bridges():
    record = record_of(0, SIZE_HW, [Shown(mask=square(3, 4))])
    ((piece,),) = outlines(record, record["instances"])
    assert joined_path([piece]).tolist() == [[3, 4], [11, 4], [11, 12], [3, 12]]


@pytest.fixture
def source(tmp_path):
    return source_of(tmp_path / "dice", FRAMES)


def test_every_category_is_listed_even_without_an_instance(source, tmp_path):
    exported(source, tmp_path, *ALL)
    coco = json.loads((tmp_path / "coco/annotations/instances_train.json").read_bytes())
    assert [category["name"] for category in coco["categories"]] == list(CATEGORIES)
    for name in ("yolo", "yolo-segment"):
        names = yaml.safe_load((tmp_path / name / "data.yaml").read_text())["names"]
        assert names == dict(enumerate(CATEGORIES))
    listed = json.loads((tmp_path / "webdataset/categories.json").read_bytes())
    assert [category["name"] for category in listed] == list(CATEGORIES)


def test_frame_without_objects_is_a_negative_and_a_rejected_one_is_nowhere(source, tmp_path):
    counts = exported(source, tmp_path, *ALL)
    assert (counts.frames, dict(counts.images), dict(counts.annotations)) == (5, {"train": 4}, {"train": 3})
    assert (tmp_path / "yolo/labels/train/000001.txt").read_bytes() == b""
    for name in ALL:
        assert not list((tmp_path / name).rglob("*000003*"))
        assert name == "webdataset" or len(list((tmp_path / name).rglob("*.png"))) == 4
    assert [sample["__key__"] for sample in samples_of(tmp_path / "webdataset")] == [
        "000000", "000001", "000002", "000004"
    ]  # fmt: skip


def test_yolo_lists_the_images_that_show_what_is_ignored(source, tmp_path):
    exported(source, tmp_path, "yolo")
    assert (tmp_path / "yolo/labels/train/000002.txt").read_bytes() == b""
    assert (tmp_path / "yolo/ignored.txt").read_text() == "images/train/000002.png\n"


def test_amodal_boxes_are_cut_to_the_image_for_yolo_only(source, tmp_path):
    exported(source, tmp_path, "coco", "yolo", choices=Choices(box="amodal"))
    coco = COCO(tmp_path / "coco/annotations/instances_train.json")
    (annotation,) = coco.loadAnns(coco.getAnnIds(imgIds=[4]))
    assert annotation["bbox"] == [36, 20, 13, 13]
    ((row,),) = (read_as_ultralytics(tmp_path / "yolo/data.yaml", "train")["000004"][1],)
    assert row == pytest.approx([38 / 40, 22 / 24, 4 / 40, 4 / 24])


def test_boxes_of_large_images_keep_their_corners(tmp_path):
    mask = np.zeros((6000, 8000), dtype=bool)
    mask[4321:4324, 7993:8000] = True
    record = record_of(0, mask.shape, [Shown(mask=mask)])
    exported(source_of(tmp_path / "d", [record]), tmp_path, "coco", "yolo", "yolo-segment")
    for name in ("coco/annotations/instances_train.json", "yolo", "yolo-segment"):
        (image,) = read_set(str(tmp_path / name)).detections.images
        np.testing.assert_allclose(image.boxes_xyxy, [[7993, 4321, 8000, 4324]], atol=2e-3)


def test_images_are_hard_links_or_copies(source, tmp_path):
    exported(source, tmp_path / "linked", "coco", "yolo")
    exported(source, tmp_path / "copied", "coco", choices=Choices(links=False))
    own = source.root / "images/000000.png"
    assert (tmp_path / "linked/coco/images/train/000000.png").samefile(own)
    copied = tmp_path / "copied/coco/images/train/000000.png"
    assert not copied.samefile(own)
    assert copied.read_bytes() == own.read_bytes()


def test_maps_are_in_the_samples_of_a_webdataset(tmp_path):
    record = record_of(0, SIZE_HW)
    record["maps"] = {"depth": {"file": "depth/000000.exr"}, "semantic": {"file": "semantic/000000.png"}}
    source = source_of(tmp_path / "dice", [record])
    for name in ("depth/000000.exr", "semantic/000000.png"):
        (source.root / name).parent.mkdir()
        (source.root / name).write_bytes(b"map of " + name.encode())
    exported(source, tmp_path, "webdataset")
    (sample,) = webdataset.WebDataset(str(tmp_path / "webdataset/train-000000.tar"), shardshuffle=False)
    assert {key for key in sample if not key.startswith("__")} == {
        "png", "json", "depth.exr", "semantic.png"
    }  # fmt: skip
    assert sample["depth.exr"] == b"map of depth/000000.exr"


def test_card_of_an_imagefolder_types_each_field_and_names_the_categories(source, tmp_path):
    exported(source, tmp_path, "imagefolder", choices=Choices(split=HALF))
    _, front, text = (tmp_path / "imagefolder/README.md").read_text().split("---\n", 2)
    card = yaml.safe_load(front)
    files = card["configs"][0]["data_files"]
    assert [(one["split"], one["path"]) for one in files] == [
        ("train", "train/**"), ("validation", "validation/**")
    ]  # fmt: skip
    features = {one["name"]: one for one in card["dataset_info"]["features"]}
    objects = {one["name"]: one["sequence"] for one in features.pop("objects")["struct"]}
    rows = [row for split in ("train", "validation") for row in rows_of(tmp_path / "imagefolder" / split)]
    assert all({"image", *row} == {"file_name", "objects", *features} for row in rows)
    assert all(set(row["objects"]) == set(objects) for row in rows)
    names = objects["categories"]["class_label"]["names"]
    assert [names[str(number)] for number in range(len(CATEGORIES))] == list(CATEGORIES)
    assert "load_dataset" in text
    for split in ("train", "validation"):
        folder = tmp_path / "imagefolder" / split
        assert sorted(row["file_name"] for row in rows_of(folder)) == sorted(
            p.name for p in folder.glob("*.png")
        )


@pytest.mark.parametrize("name", ["coco/annotations/instances_{}.json", "yolo/data.yaml:{}"])
def test_exports_of_splits_are_read_as_sets_of_ours(tmp_path, name):
    frames = [record_of(frame, SIZE_HW, [Shown(mask=square(3, 4))]) for frame in range(12)]
    counts = exported(
        source_of(tmp_path / "d", frames), tmp_path, "coco", "yolo", choices=Choices(split=HALF)
    )
    for split in ("train", "val"):
        reading = read_set(str(tmp_path / name.format(split)))
        assert not reading.problems
        assert {image.path.stem for image in reading.detections.images} == {
            f"{frame:06d}" for frame in range(12) if HALF.of(frame) == split
        }
        assert len(reading.detections.images) == counts.images[split] > 0
        assert all(image.boxes_xyxy.tolist() == [[3, 4, 11, 12]] for image in reading.detections.images)


def test_frames_of_a_scene_are_on_one_side_of_the_split(tmp_path):
    source = source_of(tmp_path / "d", [record_of(frame, SIZE_HW) for frame in range(40)], scene_frames=4)
    exported(source, tmp_path, *ALL, choices=Choices(split=HALF))
    sides = {"train": set(), "val": set()}
    for split, scenes in sides.items():
        for path in (tmp_path / "coco/images" / split).iterdir():
            scenes.add(int(path.stem) // 4)
        images = {path.stem for path in (tmp_path / "coco/images" / split).iterdir()}
        assert images == {path.stem for path in (tmp_path / "yolo/labels" / split).iterdir()}
        assert images == {sample["__key__"] for sample in samples_of(tmp_path / "webdataset", split)}
    assert not sides["train"] & sides["val"]
    assert sides["train"] | sides["val"] == set(range(10))


def test_equal_datasets_give_equal_bytes_in_every_format(tmp_path):
    trees = []
    for name in ("a", "b"):
        source = source_of(tmp_path / name / "dice", FRAMES)
        exported(source, tmp_path / name / "out", *FORMATS)
        os.utime(source.root / "images/000000.png", (1, 1))
        trees.append(tree(tmp_path / name / "out"))
    assert trees[0] == trees[1]
