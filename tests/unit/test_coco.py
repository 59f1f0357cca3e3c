"""The COCO export: pycocotools reads it, and finds in it what the records hold and nothing else."""

import json
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval
from unit.frames import HEIGHT_PX, WIDTH_PX, blank_mask, instance_of, record_of, rejected_of

from renderer.dataset.coco import annotation_id, write_coco
from renderer.dataset.record import decode_mask
from renderer.dataset.store import Store
from renderer.recipe.schema import BOXES

CATEGORIES = ("1", "2", "3", "4", "5", "6")
masks = npst.arrays(np.bool_, (HEIGHT_PX, WIDTH_PX)).filter(lambda mask: bool(mask.any()))


def store_of(root: Path, *records: dict) -> Store:
    store = Store(root=root, identity={})
    for record in records:
        store.commit(record, b"png" if record["status"] == "ok" else None)
    return store


def exported(store: Store, categories: tuple[str, ...] = CATEGORIES, **settings) -> COCO:
    path = store.root / "annotations.json"
    write_coco(store, categories, path, **settings)
    return COCO(path)


def square(x: int, y: int, size: int = 4) -> np.ndarray:
    mask = blank_mask()
    mask[y : y + size, x : x + size] = True
    return mask


@pytest.fixture
def store(tmp_path) -> Store:
    """Two dice in frame 0, one of them too small; none in frame 1; frame 2 rejected; one in frame 3."""
    small = instance_of(square(40, 20, 1), "2", annotated=False)
    return store_of(
        tmp_path,
        record_of(0, [instance_of(square(1, 2), "5"), small, instance_of(square(20, 9, 8), "1")]),
        record_of(1),
        rejected_of(2),
        record_of(3, [instance_of(square(30, 0), "6")]),
    )


def test_every_category_is_listed_even_without_an_instance(store):
    assert [(c["id"], c["name"]) for c in exported(store).dataset["categories"]] == [
        (number, name) for number, name in enumerate(CATEGORIES, start=1)
    ]


def test_annotation_ids_tell_the_frame_and_the_instance_and_are_never_0(store):
    """So that an id is the same whatever other frames there are, and parts of a dataset can be joined."""
    ids = [a["id"] for a in exported(store).dataset["annotations"]]
    assert ids == [1, 3, 3 * 2**15 + 1]


def test_largest_annotation_id_is_exact_in_a_double():
    largest = annotation_id(2**38 - 1, 2**15 - 1)
    assert largest < 2**53
    assert annotation_id(0, 1) == 1
    assert annotation_id(1, 1) > annotation_id(0, 2**15 - 1)


def test_annotations_have_the_categories_of_their_instances(store):
    coco = exported(store)
    names = {c["id"]: c["name"] for c in coco.dataset["categories"]}
    assert [names[a["category_id"]] for a in coco.dataset["annotations"]] == ["5", "1", "6"]
    assert [a["image_id"] for a in coco.dataset["annotations"]] == [0, 0, 3]


def test_no_annotation_is_a_crowd(store):
    assert {a["iscrowd"] for a in exported(store).dataset["annotations"]} == {0}


def test_frame_without_objects_is_an_image_without_annotations(store):
    coco = exported(store)
    assert 1 in coco.getImgIds()
    assert coco.getAnnIds(imgIds=[1]) == []


def test_rejected_frame_is_no_image(store):
    assert exported(store).getImgIds() == [0, 1, 3]


def test_instance_that_is_not_annotated_is_left_out_but_stays_in_the_record(store):
    coco = exported(store)
    assert len(coco.getAnnIds(imgIds=[0])) == 2
    assert [i["annotated"] for i in next(store.records())["instances"]] == [True, False, True]


def test_images_have_the_files_and_sizes_of_the_records(store):
    assert exported(store).dataset["images"][0] == {
        "id": 0,
        "file_name": "images/000000.png",
        "width": WIDTH_PX,
        "height": HEIGHT_PX,
    }
    assert all((store.root / image["file_name"]).is_file() for image in exported(store).dataset["images"])


@given(drawn=st.lists(masks, min_size=1, max_size=3))
def test_boxes_areas_and_masks_agree_in_the_eyes_of_pycocotools(tmp_path_factory, drawn):
    store = store_of(tmp_path_factory.mktemp("coco"), record_of(0, [instance_of(mask) for mask in drawn]))
    coco = exported(store)
    for annotation, mask in zip(coco.dataset["annotations"], drawn, strict=True):
        code = coco.annToRLE(annotation)
        np.testing.assert_array_equal(coco.annToMask(annotation), mask)
        assert annotation["area"] == coco_mask.area(code) == mask.sum()
        assert annotation["bbox"] == coco_mask.toBbox(code).tolist()


def test_masks_with_holes_and_several_parts_are_exported_whole(tmp_path):
    mask = square(4, 4, 12)
    mask[8:11, 8:11] = False
    mask[20:, 40:] = True
    coco = exported(store_of(tmp_path, record_of(0, [instance_of(mask)])))
    np.testing.assert_array_equal(decode_mask(coco.dataset["annotations"][0]["segmentation"]), mask)


@pytest.mark.parametrize("kind", ["bbox", "segm"])
def test_annotations_taken_as_detections_have_an_average_precision_of_one(store, kind):
    truth = exported(store)
    detections = truth.loadRes([{**a, "score": 0.9} for a in truth.dataset["annotations"]])
    evaluation = COCOeval(truth, detections, kind)
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
    assert evaluation.stats[0] == pytest.approx(1)


@pytest.mark.parametrize(
    ("box", "bbox"),
    [
        ("visible", [1, 2, 4, 4]),
        ("amodal", [-3, 2, 60, 40]),
        ("amodal_clipped", [0, 2, WIDTH_PX, HEIGHT_PX - 2]),
    ],
)
def test_the_box_that_is_asked_for_is_exported_with_the_mask_that_is_seen(tmp_path, box, bbox):
    mask = square(1, 2)
    record = record_of(0, [instance_of(mask, amodal_xyxy=(-3, 2, 57, 42))])
    coco = exported(store_of(tmp_path, record), box=box)
    (annotation,) = coco.dataset["annotations"]
    assert annotation["bbox"] == bbox
    assert annotation["area"] == 16
    np.testing.assert_array_equal(coco.annToMask(annotation), mask)


@pytest.mark.parametrize("box", BOXES)
def test_what_is_outside_the_image_is_never_exported(tmp_path, box):
    outside = [
        instance_of(blank_mask(), annotated=False, amodal_xyxy=(-9, -9, -1, -1)),
        instance_of(blank_mask(), annotated=False, ignored=True, amodal_xyxy=(60, 4, 70, 9)),
    ]
    assert exported(store_of(tmp_path, record_of(0, outside)), box=box).anns == {}


def test_annotations_say_how_much_is_seen_and_how_much_is_outside(store):
    annotation = exported(store).dataset["annotations"][0]
    assert (annotation["visibility"], annotation["truncation"]) == (0.75, 0.125)


def test_keypoints_are_those_of_the_category_in_its_order(tmp_path):
    places = {"a": [10.5, 3.25, 2], "b": [-4.0, 3.0, 0], "c": [7.0, 8.0, 1], "other": [1.0, 1.0, 2]}
    one = instance_of(square(1, 2), "1") | {"keypoints": places}
    two = instance_of(square(9, 2), "2") | {"keypoints": places}
    names = {"1": ("c", "b", "a")}
    coco = exported(store_of(tmp_path, record_of(0, [one, two])), keypoints=names)
    first, second = coco.dataset["annotations"]
    assert first["keypoints"] == [7.0, 8.0, 1, 0, 0, 0, 10.5, 3.25, 2]
    assert first["num_keypoints"] == 2
    assert "keypoints" not in second
    described = coco.dataset["categories"]
    assert described[0] == {"id": 1, "name": "1", "keypoints": ["c", "b", "a"], "skeleton": []}
    assert described[1] == {"id": 2, "name": "2"}


def test_pycocotools_finds_its_own_keypoints_at_an_average_precision_of_one(tmp_path):
    places = {f"face_{n}": [5.0 + n, 3.0 + n, 2] for n in range(6)}
    instance = instance_of(square(4, 2, 12), "1") | {"keypoints": places}
    truth = exported(store_of(tmp_path, record_of(0, [instance])), keypoints={"1": tuple(places)})
    detections = truth.loadRes([{**a, "score": 0.9} for a in truth.dataset["annotations"]])
    evaluation = COCOeval(truth, detections, "keypoints")
    evaluation.params.kpt_oks_sigmas = np.full(6, 0.1)
    evaluation.params.areaRng, evaluation.params.areaRngLbl = [[0, 1e10]], ["all"]
    evaluation.evaluate()
    evaluation.accumulate()
    assert evaluation.eval["precision"].max() == pytest.approx(1)


def test_dataset_without_frames_is_valid(tmp_path):
    assert exported(Store(root=tmp_path, identity={})).getImgIds() == []


def test_dataset_of_rejected_frames_is_valid(tmp_path):
    coco = exported(store_of(tmp_path, rejected_of(0), rejected_of(1)))
    assert coco.getImgIds() == []
    assert len(coco.dataset["categories"]) == len(CATEGORIES)


def test_equal_stores_give_equal_bytes_whatever_was_committed_first(tmp_path):
    records = [record_of(f, [instance_of(square(f, f), "1")]) for f in range(3)]
    written = []
    for name, order in (("a", records), ("b", records[::-1])):
        store = store_of(tmp_path / name, *order)
        write_coco(store, CATEGORIES, store.root / "annotations.json")
        written.append((store.root / "annotations.json").read_bytes())
    assert written[0] == written[1]


def test_exporting_again_gives_equal_bytes(store):
    exported(store)
    first = (store.root / "annotations.json").read_bytes()
    exported(store)
    assert (store.root / "annotations.json").read_bytes() == first


def test_each_record_is_read_once_and_none_is_kept(tmp_path, monkeypatch):
    """So that a dataset of millions of frames is exported in one pass, in the memory of a few."""
    noise = instance_of(np.random.default_rng(0).random((HEIGHT_PX, WIDTH_PX)) < 0.5)
    record = record_of(0, [noise] * 20)
    frames: list[int] = []

    def many(_):
        for frame in range(300):
            frames.append(frame)
            yield record | {"frame": frame}

    monkeypatch.setattr(Store, "records", many)
    tracemalloc.start()
    try:
        write_coco(Store(root=tmp_path, identity={}), CATEGORIES, tmp_path / "annotations.json")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert frames == list(range(300))
    assert peak < 0.2 * (tmp_path / "annotations.json").stat().st_size
    assert [path.name for path in tmp_path.iterdir()] == ["annotations.json"]


def test_export_is_one_json_document(store):
    exported(store)
    content = json.loads((store.root / "annotations.json").read_bytes())
    assert set(content) == {"info", "categories", "images", "annotations"}
