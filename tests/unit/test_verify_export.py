"""`gapless verify --export`: an export in any format is compared with the records, box by box."""

import json
import shutil
from pathlib import Path

import pytest
from PIL import Image
from unit.command_line import commit_frames
from unit.frames import HEIGHT_PX, WIDTH_PX, tree

from renderer.commands.main import run

KEYS = [f"camera.width_px={WIDTH_PX}", f"camera.height_px={HEIGHT_PX}"]
NAMES = ["1", "2", "3", "4", "5", "6"]
FORMATS = ("coco", "yolo", "voc")


@pytest.fixture(scope="module")
def dataset(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("export") / "dice"
    commit_frames(root, 0, 1, 2)
    assert run(["render", "recipe=dice", *KEYS, "frames=3", f"out={root}"]) == 0
    return root


def records_of(root: Path) -> list[dict]:
    return [json.loads(path.read_bytes()) for path in sorted((root / "frames").glob("*.json"))]


def exported(dataset: Path, kind: str, folder: Path) -> Path:
    """An export of the dataset; what is to be ignored is left out where a format has no word for it."""
    writers = {"coco": write_coco, "yolo": write_yolo, "voc": write_voc}
    return writers[kind](dataset, folder)


def write_coco(dataset: Path, folder: Path) -> Path:
    shutil.copytree(dataset / "images", folder / "images")
    return Path(shutil.copy(dataset / "annotations.json", folder / "instances.json"))


def write_yolo(dataset: Path, folder: Path) -> Path:
    shutil.copytree(dataset / "images", folder / "images")
    (folder / "labels").mkdir()
    for record in records_of(dataset):
        lines = []
        for entry in record["instances"]:
            x0, y0, x1, y1 = entry["bbox_xyxy"]
            middle = (x0 + x1) / 2 / WIDTH_PX, (y0 + y1) / 2 / HEIGHT_PX
            size = (x1 - x0) / WIDTH_PX, (y1 - y0) / HEIGHT_PX
            numbers = " ".join(f"{value:.5f}" for value in (*middle, *size))
            if entry["annotated"]:
                lines.append(f"{NAMES.index(entry['category'])} {numbers}\n")
        (folder / f"labels/{record['frame']:06d}.txt").write_text("".join(lines))
    (folder / "data.yaml").write_text(f"path: .\ntrain: images\nnames: {json.dumps(NAMES)}\n")
    return folder / "data.yaml"


def write_voc(dataset: Path, folder: Path) -> Path:
    shutil.copytree(dataset / "images", folder / "JPEGImages")
    (folder / "Annotations").mkdir()
    for record in records_of(dataset):
        objects = "".join(
            f"<object><name>{entry['category']}</name><difficult>{int(entry['ignored'])}</difficult><bndbox>"
            + "".join(
                f"<{corner}>{value}</{corner}>"
                for corner, value in zip(("xmin", "ymin", "xmax", "ymax"), entry["bbox_xyxy"], strict=True)
            )
            + "</bndbox></object>"
            for entry in record["instances"]
            if entry["annotated"] or entry["ignored"]
        )
        name = f"{record['frame']:06d}"
        xml = f"<annotation><filename>{name}.png</filename>{objects}</annotation>"
        (folder / f"Annotations/{name}.xml").write_text(xml)
    return folder


def verify(dataset: Path, export: Path) -> int:
    return run(["verify", str(dataset), "--export", str(export)])


def replace_once(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


@pytest.mark.parametrize("kind", FORMATS)
def test_right_export_passes_in_every_format_and_nothing_is_written(dataset, tmp_path, capsys, kind):
    export = exported(dataset, kind, tmp_path / "out")
    before = tree(tmp_path), tree(dataset)
    assert verify(dataset, export) == 0
    assert (tree(tmp_path), tree(dataset)) == before
    assert "3 images compared with the records" in capsys.readouterr().out


@pytest.mark.parametrize("kind", FORMATS)
def test_image_that_is_not_exported_is_named(dataset, tmp_path, capsys, kind):
    export = exported(dataset, kind, tmp_path / "out")
    (folder,) = (path for path in (tmp_path / "out").iterdir() if path.name in ("images", "JPEGImages"))
    (folder / "000001.png").unlink()
    assert verify(dataset, export) == 1
    printed = capsys.readouterr().out
    assert "images/000001.png is not exported" in printed
    assert "next: export the dataset again" in printed


def test_image_that_is_no_frame_and_one_of_another_size_are_named(dataset, tmp_path, capsys):
    export = exported(dataset, "yolo", tmp_path / "out")
    Image.new("RGB", (9, 9)).save(tmp_path / "out/images/000001.png")
    Image.new("RGB", (9, 9)).save(tmp_path / "out/images/other.png")
    assert verify(dataset, export) == 1
    printed = capsys.readouterr().out
    assert "other.png is exported, but is no frame" in printed
    assert f"000001.png has (9, 9) pixels (height, width), expected ({HEIGHT_PX}, {WIDTH_PX})" in printed


def test_shifted_box_is_named_on_both_sides(dataset, tmp_path, capsys):
    export = exported(dataset, "voc", tmp_path / "out")
    entry = next(e for e in records_of(dataset)[1]["instances"] if e["annotated"])
    x1 = entry["bbox_xyxy"][2]
    replace_once(export / "Annotations/000001.xml", f"<xmax>{x1}<", f"<xmax>{x1 + 3}<")
    assert verify(dataset, export) == 1
    printed = capsys.readouterr().out
    assert f"000001.png: {entry['name']} (" in printed
    assert "is that of no instance" in printed


def test_category_of_another_is_named(dataset, tmp_path, capsys):
    export = exported(dataset, "yolo", tmp_path / "out")
    path = tmp_path / "out/labels/000002.txt"
    category = path.read_text()[0]
    replace_once(path, f"{category} ", f"{(int(category) + 1) % 6} ")
    assert verify(dataset, export) == 1
    assert f"({NAMES[int(category)]}, [" in capsys.readouterr().out


def test_box_that_is_not_exported_is_named(dataset, tmp_path, capsys):
    export = exported(dataset, "yolo", tmp_path / "out")
    path = tmp_path / "out/labels/000002.txt"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[1:]))
    assert verify(dataset, export) == 1
    assert "1 fault: export 1" in capsys.readouterr().out


def test_ignored_object_that_is_exported_like_any_other_is_named(dataset, tmp_path, capsys):
    export = exported(dataset, "coco", tmp_path / "out")
    ignored = [e for r in records_of(dataset) for e in r["instances"] if e["ignored"] and e["area_px"]]
    replace_once(
        export, '"iscrowd":1' if ignored else '"iscrowd":0', '"iscrowd":0' if ignored else '"iscrowd":1'
    )
    assert verify(dataset, export) == 1
    assert "export" in capsys.readouterr().out


def test_export_needs_a_dataset_of_ours_to_be_compared_with(dataset, tmp_path, capsys):
    export = exported(dataset, "coco", tmp_path / "out")
    assert verify(export, export) == 2
    assert "PATH must be a gapless dataset" in capsys.readouterr().err


@pytest.mark.parametrize("kind", FORMATS)
def test_labelled_data_alone_is_checked(dataset, tmp_path, capsys, kind):
    export = exported(dataset, kind, tmp_path / "out")
    assert run(["verify", str(export)]) == 0
    assert "all is right" in capsys.readouterr().out
    image = next((tmp_path / "out").rglob("000001.png"))
    image.write_bytes(image.read_bytes()[:-30])
    assert run(["verify", str(export)]) == 1
    assert "000001.png is damaged or cut short" in capsys.readouterr().out


def test_mask_outside_of_its_box_is_found(dataset, tmp_path, capsys):
    export = exported(dataset, "coco", tmp_path / "out")
    content = json.loads(export.read_bytes())
    content["annotations"][0]["bbox"] = [20, 4, 8, 8]
    export.write_text(json.dumps(content))
    assert run(["verify", str(export)]) == 1
    assert "its mask reaches" in capsys.readouterr().out
