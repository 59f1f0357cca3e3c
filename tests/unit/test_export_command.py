"""`gapless export`: writes what was asked for, says what to do next, and refuses in one sentence."""

import shutil
from pathlib import Path

import pytest
from unit.command_line import commit_frames
from unit.frames import HEIGHT_PX, WIDTH_PX, tree

from renderer.commands.main import run
from renderer.dataset.exports.registry import FORMATS
from renderer.dataset.source import Split

KEYS = [f"camera.width_px={WIDTH_PX}", f"camera.height_px={HEIGHT_PX}"]
FRAMES = 6
HALF = Split(val_share=0.5, seed=1)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("command") / "dice"
    commit_frames(root, *range(FRAMES))
    assert run(["render", "recipe=dice", *KEYS, f"frames={FRAMES}", f"out={root}"]) == 0
    return root


def export(*arguments: object) -> int:
    return run(["export", *map(str, arguments)])


def refused(capsys, *arguments: object) -> str:
    assert export(*arguments) == 2
    message: str = capsys.readouterr().err
    assert message.count("\n") == 1
    return message


def test_dataset_is_left_as_it_is_and_each_format_gets_a_folder(dataset, tmp_path, capsys):
    before = tree(dataset)
    assert export(dataset, "--to", *FORMATS, "--out", tmp_path / "out", "--val", 0.5, "--split-seed", 1) == 0
    assert tree(dataset) == before
    assert {path.name for path in (tmp_path / "out").iterdir()} == set(FORMATS)
    printed = capsys.readouterr().out
    held_out = sum(HALF.of(scene) == "val" for scene in range(FRAMES))
    assert 1 < held_out < FRAMES - 1
    assert f"{FRAMES} frames exported: train {FRAMES - held_out} images with" in printed
    assert f"; val {held_out} images with" in printed
    assert f"yolo detect train data={tmp_path}/out/yolo/data.yaml" in printed
    assert f"gapless train data={tmp_path}/out/coco/annotations/instances_train.json" in printed


def test_without_out_the_exports_lie_beside_the_dataset(dataset, tmp_path):
    moved = Path(shutil.copytree(dataset, tmp_path / "dice"))
    assert export(f"{moved}/", "--to", "yolo") == 0
    assert (tmp_path / "dice-exports/yolo/data.yaml").is_file()


@pytest.mark.parametrize("box", ["visible", "amodal", "amodal_clipped"])
def test_verify_accepts_exports_of_the_whole_and_of_each_split(dataset, tmp_path, capsys, box):
    formats = ["coco", "yolo", "yolo-segment"]
    for name, val in (("whole", 0), ("split", 0.5)):
        chosen = ["--val", val, "--box", box, "--polygons", "--out", tmp_path / name]
        assert export(dataset, "--to", *formats, *chosen) == 0
    sets = [
        "whole/coco/annotations/instances_train.json",
        "whole/yolo/data.yaml:val",
        "split/coco/annotations/instances_val.json",
        "split/yolo/data.yaml:train",
        "split/yolo-segment/data.yaml:val",
        "split/yolo",
    ]
    for name in sets:
        assert run(["verify", str(dataset), "--export", str(tmp_path / name)]) == 0, capsys.readouterr().out


def test_verify_finds_an_image_that_a_split_lacks_and_one_that_is_of_the_other(dataset, tmp_path, capsys):
    assert export(dataset, "--to", "yolo", "--out", tmp_path, "--val", 0.5) == 0
    for folder, suffix in (("images", ".png"), ("labels", ".txt")):
        (first,) = sorted((tmp_path / "yolo" / folder / "train").glob(f"*{suffix}"))[:1]
        first.rename(tmp_path / "yolo" / folder / "val" / first.name)
    for split, complaint in (("train", "is not exported"), ("val", "is exported, but is no frame")):
        assert run(["verify", str(dataset), "--export", f"{tmp_path}/yolo/data.yaml:{split}"]) == 1
        assert complaint in capsys.readouterr().out


def test_unknown_format_leads_to_the_nearest(dataset, tmp_path, capsys):
    message = refused(capsys, dataset, "--to", "coco", "yolo-seg", "--out", tmp_path / "out")
    assert "--to 'yolo-seg' is unknown; did you mean 'yolo-segment'?" in message
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("val", ["1", "-0.1", "20", "nan"])
def test_share_for_validation_is_from_0_to_below_1(dataset, tmp_path, capsys, val):
    message = refused(capsys, dataset, "--to", "coco", f"--val={val}", "--out", tmp_path / "out")
    assert "--val must be a share from 0 to below 1" in message
    assert not (tmp_path / "out").exists()


def test_unfinished_dataset_is_refused(tmp_path, capsys):
    commit_frames(tmp_path / "dice", 0)
    message = refused(capsys, tmp_path / "dice", "--to", "coco")
    assert "is not finished; run its gapless render command again" in message
    assert [path.name for path in tmp_path.iterdir()] == ["dice"]


def test_folder_that_is_no_dataset_is_refused(tmp_path, capsys):
    assert "PATH must be the folder of a gapless dataset" in refused(capsys, tmp_path, "--to", "coco")
    assert "PATH must be the folder of a gapless dataset" in refused(capsys, tmp_path / "no", "--to", "coco")


def test_exports_do_not_lie_in_the_dataset(dataset, capsys):
    for out in (dataset, dataset / "images", dataset / "new"):
        assert "lies in the dataset" in refused(capsys, dataset, "--to", "coco", "--out", out)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--to", "coco", "--box", "amodel"], "--box 'amodel' is unknown; did you mean 'amodal'?"),
        (["--to", "coco", "--processes", "0"], "--processes must be 1 or more, got 0"),
        (["--to", "coco", "--processes", "two"], "invalid int value: 'two'; usage: gapless export PATH"),
        ([], "the following arguments are required: --to; usage: gapless export PATH"),
        (["--to"], "expected at least one argument; usage: gapless export PATH"),
        (["--to", "coco", "--vals", "0.1"], "unrecognized arguments: --vals"),
    ],
)
def test_wrong_options_are_refused(dataset, capsys, arguments, complaint):
    assert complaint in refused(capsys, dataset, *arguments)


def test_a_split_without_scenes_for_validation_is_told(dataset, tmp_path, capsys):
    assert export(dataset, "--to", "coco", "--out", tmp_path, "--val", "1e-9") == 0
    assert (
        "no scene was drawn for val: choose another --split-seed, or a larger --val"
        in capsys.readouterr().out
    )


def test_help_lists_every_format(capsys):
    assert export("--help") == 0
    printed = capsys.readouterr().out
    for name, one in FORMATS.items():
        assert f"\n  {name:<15} {one.help}\n" in printed
