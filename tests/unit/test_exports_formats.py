"""What the exports as Pascal VOC, KITTI and BOP share: parts, links, and splits."""

import json

import pytest
from unit.exported import BRICK, DIE, FRAMES, PARCEL, exported, record_of_frame
from unit.frames import tree

from renderer.dataset.coco import listed_instances
from renderer.dataset.exports.bop import FORMAT as BOP
from renderer.dataset.exports.kitti import FORMAT as KITTI
from renderer.dataset.exports.objects import box_in_image, hidden_share
from renderer.dataset.exports.voc import FORMAT as VOC

FORMATS = pytest.mark.parametrize("form", [VOC, KITTI, BOP], ids=lambda form: form.name)


@FORMATS
def test_any_number_of_parts_writes_the_same_and_leaves_no_pieces(made_source, form, tmp_path):
    whole = tree(exported(form, made_source, tmp_path / "1" / form.name))
    assert not any(".parts" in name for name in whole)
    for parts in (2, 3, 5, 7):
        assert tree(exported(form, made_source, tmp_path / str(parts) / form.name, parts=parts)) == whole


@FORMATS
def test_a_part_begun_again_leaves_nothing_of_the_try_before(made_source, form, tmp_path):
    whole = tree(exported(form, made_source, tmp_path / "a" / form.name))
    folder = tmp_path / "b" / form.name
    broken = folder / ".parts"
    broken.mkdir(parents=True)
    for name in ("000000.train", "000000.Main.train", "000000.train_pbr.000009.scene_camera"):
        (broken / name).write_text("half a li")
    assert tree(exported(form, made_source, folder)) == whole


@FORMATS
def test_images_are_the_datasets_own_linked_or_copied(made_source, form, tmp_path):
    own = {made_source.path(f"images/{frame:06d}.png").stat().st_ino for frame in FRAMES}
    images = {VOC: "JPEGImages/*", KITTI: "training/image_2/*", BOP: "*/*/rgb/*"}[form]
    for links in (True, False):
        folder = exported(form, made_source, tmp_path / str(links), links=links)
        found = sorted(folder.glob(images))
        assert len(found) == len(FRAMES)
        assert ({path.stat().st_ino for path in found} == own) == links
        assert sorted(path.read_bytes() for path in found) == sorted(
            made_source.read(f"images/{frame:06d}.png") for frame in FRAMES
        )


def test_boxes_stay_in_the_image_and_only_what_is_seen_is_listed(made_source):
    record = record_of_frame(made_source, 0)
    assert [(item["category"], item["ignored"]) for item in listed_instances(record)] == [
        (BRICK, False), (BRICK, False), (PARCEL, False), (PARCEL, False), (DIE, True),
    ]  # fmt: skip
    truncated = listed_instances(record)[3]
    assert truncated["amodal"]["bbox_xyxy"][2] > 96
    assert box_in_image(record, truncated, "amodal") == box_in_image(record, truncated, "amodal_clipped")
    assert box_in_image(record, truncated, "amodal")[2] == 96
    assert json.dumps(box_in_image(record, truncated, "visible")) == json.dumps(truncated["bbox_xyxy"])


def test_the_hidden_share_is_of_what_lies_inside_the_image(made_source):
    whole, half, _, truncated, _ = listed_instances(record_of_frame(made_source, 0))
    assert hidden_share(whole) == hidden_share(truncated) == pytest.approx(0)
    assert hidden_share(half) == pytest.approx(1 - half["visibility"])
    assert 0.3 < hidden_share(half) < 0.5
    assert truncated["truncation"] > 0.3
