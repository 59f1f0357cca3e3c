"""gapless train, evaluate, gap, predict and export-model: what they refuse, accept and say."""

import importlib
import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import hydra
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from torchvision.models.detection import FCOS_ResNet50_FPN_Weights
from unit.frames import tree
from unit.tiny_detectors import write_tiny_checkpoint
from unit.tiny_sets import write_tiny_set

from renderer.commands.labelled_data import open_data, open_each
from renderer.commands.main import run
from renderer.commands.overrides import parse_override, shell_argument
from renderer.errors import DataError

COMMANDS = ("train", "evaluate", "gap", "predict", "export-model")
QUICK = (
    "iterations=2", "batch_size=2", "image_size_px=64", "workers=0", "model.fpn_channels=32",
    "model.head_convolutions=1", "model.pretrained=false", "device=cpu",
)  # fmt: skip
GAP = "gap synthetic=set_1.json real_train=set_2.json real_test=set_3.json"
NEEDED = {
    "train": "train data=set_1.json",
    "evaluate": "evaluate checkpoint=checkpoint.pt data=set_1.json",
    "gap": GAP,
    "predict": "predict checkpoint=checkpoint.pt images=set_1",
    "export-model": "export-model checkpoint=checkpoint.pt",
}


@pytest.fixture(autouse=True)
def _no_blender(monkeypatch):
    """Whoever imports Blender in here fails."""
    for name in ("bpy", "blenderproc"):
        monkeypatch.setitem(sys.modules, name, None)


@pytest.fixture(scope="module")
def template(tmp_path_factory) -> Path:
    """Three tiny sets, a checkpoint, and things that are none."""
    folder = tmp_path_factory.mktemp("template")
    for seed in (1, 2, 3):
        write_tiny_set(folder, 3, seed=seed)
    write_tiny_checkpoint(folder / "checkpoint.pt")
    (folder / "garbage.pt").write_bytes(b"no checkpoint " * 50)
    torch.save({"weights": torch.zeros(3)}, folder / "foreign.pt")
    (folder / "empty").mkdir()
    return folder


@pytest.fixture(autouse=True)
def here(template, tmp_path, monkeypatch) -> Path:
    """The working directory: a copy of the template."""
    shutil.copytree(template, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def refused(here, capsys) -> Callable[[str], str]:
    """Run a command line that must be refused, and leave no trace; returns what it says."""

    def run_refused(line: str) -> str:
        before = tree(here)
        assert run(shlex.split(line)) == 2
        captured = capsys.readouterr()
        assert captured.out == ""
        (sentence,) = captured.err.splitlines()
        assert sentence.startswith("gapless: ")
        assert tree(here) == before
        return sentence

    return run_refused


def edited(path: Path, change: Callable[[dict[str, Any]], None]) -> Path:
    """Change the content of a COCO json."""
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))
    return path


def bad_set(folder: Path, change: Callable[[dict[str, Any]], None], images: int = 3) -> Path:
    return edited(write_tiny_set(folder, images, seed=9), change)


def cut_a_photograph_short(folder: Path) -> Path:
    """A set of which the first image is a JPEG that ends too early."""
    path = bad_set(folder, lambda content: content["images"][0].update(file_name="1.jpg"))
    jpeg = folder / "set_9" / "1.jpg"
    Image.open(folder / "set_9" / "1.png").save(jpeg)
    jpeg.write_bytes(jpeg.read_bytes()[:700])
    return path


# what is refused


@pytest.mark.parametrize(
    ("line", "mentioned"),
    [
        ("train", "data must be given: data=SET"),
        ("train data=", "data must be given: data=SET"),
        ("evaluate data=set_1.json", "checkpoint must be given: checkpoint=FILE"),
        ("gap synthetic=set_1.json", "real_train must be given: real_train=SET"),
        ("predict checkpoint=checkpoint.pt", "images must be given: images=PATH"),
        ("export-model", "checkpoint must be given: checkpoint=FILE"),
        ("export_model checkpoint=checkpoint.pt", "did you mean 'export-model'?"),
        ("train data=set_l.json", "'set_l.json' is not in"),
        ("train data=sets/1.json", "did you mean 'set_1'?"),
        ("train data=empty", "empty holds no annotations.json and no other labels"),
        ("train data=garbage.pt", "garbage.pt is no dataset"),
        ("train data=set_1.json,set_2.json", "write data=[set_1.json,set_2.json] for one job"),
        ("train data=set_1.json iteration=5", "key 'iteration' is unknown; did you mean 'iterations'?"),
        ("train data=set_1.json iterations=0", "iterations must be in [1, 1e+09], got 0"),
        ("train data=set_1.json image_size_px=100", "image_size_px must be a multiple of 32, got 100"),
        ("train data=set_1.json model.fpn_channels=50", "model.fpn_channels must be a multiple of 32"),
        ("train data=set_1.json model=yolo", "model 'yolo' is unknown; did you mean"),
        ("train data=set_1.json model=mask_rcnn", "set_1 has boxes only; take model=faster_rcnn"),
        ("train data=set_1.json initial_checkpoint=none.pt", "'none.pt' must be a file, and is not there"),
        ("train data=set_1.json initial_checkpoint=garbage.pt", "'garbage.pt' must be a checkpoint.pt"),
        (
            "train data=set_1.json initial_checkpoint=checkpoint.pt",
            "model.fpn_channels must be 32, as in initial_checkpoint 'checkpoint.pt', got 96",
        ),
        ("evaluate checkpoint=nowhere.pt data=set_1.json", "'nowhere.pt' must be a file, and is not there"),
        ("evaluate checkpoint=garbage.pt data=set_1.json", "'garbage.pt' must be a checkpoint.pt of gapless"),
        ("evaluate checkpoint=foreign.pt data=set_1.json", "'foreign.pt' must be a checkpoint.pt of gapless"),
        ("evaluate checkpoint=empty data=set_1.json", "'empty' must be a file"),
        (GAP.replace("set_3", "set_2"), "is the same picture as"),
        (GAP.replace("set_3", "set_1"), "a detector must not be judged on what it was trained on"),
        (f"{GAP} iterations=1", "iterations must be 2 or more for the arm synthetic_then_real, got 1"),
        (f"{GAP} arms=[real]", "arms 'real' is unknown; did you mean 'real_only'?"),
        (f"{GAP} arms=[real_only,real_only]", "arms must not name anything twice"),
        (f"{GAP} image_size_px=100", "image_size_px must be a multiple of 32, got 100; take 96"),
        ("predict checkpoint=checkpoint.pt images=empty", "images must be photographs"),
        ("predict checkpoint=checkpoint.pt images=set1", "did you mean 'set_1'?"),
        ("predict checkpoint=checkpoint.pt images=garbage.pt", "garbage.pt holds none"),
        ("predict checkpoint=garbage.pt images=set_1", "'garbage.pt' must be a checkpoint.pt of gapless"),
        ("export-model checkpoint=garbage.pt", "'garbage.pt' must be a checkpoint.pt of gapless"),
        ("export-model checkpoint=checkpoint.pt out=model.txt", "out must end in .onnx, got 'model.txt'"),
        ("export-model checkpoint=checkpoint.pt image_size_px=100", "image_size_px must be a multiple of 32"),
    ],
    ids=lambda text: text[:60],
)  # fmt: skip
def test_bad_input_is_one_sentence_and_leaves_nothing_behind(refused, line, mentioned):
    assert mentioned in refused(line)


@pytest.mark.parametrize("command", ["train", "gap"])
def test_weights_that_cannot_be_downloaded_are_missed_before_anything_is_written(
    refused, monkeypatch, command
):
    def no_network(*_arguments, **_options):
        raise OSError("no route to host")

    monkeypatch.setattr(FCOS_ResNet50_FPN_Weights, "get_state_dict", no_network)
    assert "take model=fcos, which works without a download" in refused(
        f"{NEEDED[command]} model=torchvision_fcos"
    )


@pytest.mark.parametrize("command", ["train", "evaluate", "gap", "predict"])
def test_gpu_that_is_not_there_is_refused_before_anything_is_read(refused, monkeypatch, command):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    line = NEEDED[command].replace("set_1", "nowhere")
    assert "device=cuda must be a device of this machine" in refused(f"{line} device=cuda")


@pytest.mark.parametrize("command", COMMANDS)
def test_out_below_a_file_is_refused(here, refused, command):
    (here / "file").write_text("mine")
    out = "file/model.onnx" if command == "export-model" else "file/below"
    assert "cannot be written" in refused(f"{NEEDED[command]} out={out}")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
@pytest.mark.parametrize("command", COMMANDS)
def test_out_in_a_read_only_folder_is_refused(here, refused, command):
    (here / "locked").mkdir(mode=0o555)
    out = "locked/model.onnx" if command == "export-model" else "locked/below"
    assert "permission denied" in refused(f"{NEEDED[command]} out={out}")


@pytest.mark.parametrize("command", ["train", "evaluate", "gap"])
def test_photograph_that_is_cut_short_stops_and_is_named(here, refused, command):
    cut_a_photograph_short(here)
    said = refused(NEEDED[command].replace("set_1", "set_9"))
    assert "set_9/1.jpg is damaged or cut short" in said
    assert "set on_bad_data=skip to go on" in said


def test_photograph_that_is_cut_short_is_refused_before_any_picture_is_drawn(here, refused):
    cut_a_photograph_short(here)
    assert "set_9/1.jpg is damaged or cut short" in refused(NEEDED["predict"].replace("set_1", "set_9.json"))


def test_box_from_right_to_left_is_refused(here, refused):
    bad_set(here, lambda content: content["annotations"][0].update(bbox=[50, 50, -20, 10]))
    said = refused("train data=set_9.json")
    assert "annotation 1 of " in said
    assert "has no area, expected x0 < x1 and y0 < y1: [50, 50, 30, 60]" in said


def rename_a_category(content: dict[str, Any]) -> None:
    content["categories"][0]["name"] = "crimson"
    content["annotations"][0]["category_id"] = 1


@pytest.mark.parametrize(
    "line",
    [
        "train data=[set_1.json,set_9.json]",
        "evaluate checkpoint=checkpoint.pt data=set_9.json",
        GAP.replace("set_1", "set_9"),
        GAP.replace("set_2", "set_9"),
        GAP.replace("set_3", "set_9"),
    ],
)
def test_category_that_only_one_side_knows_is_refused_with_a_way_out(here, refused, line):
    bad_set(here, rename_a_category)
    said = refused(line)
    assert "crimson" in said
    assert "category_map={" in said


@pytest.mark.parametrize(
    "line", ["train data=set_9.json", "evaluate checkpoint=checkpoint.pt data=set_9.json"]
)
def test_set_without_images_is_refused(here, refused, line):
    bad_set(here, lambda content: content.update(images=[], annotations=[]))
    assert "set_9 has no images" in refused(line)


@pytest.mark.parametrize(
    "line",
    [
        "train data=set_9.json",
        "evaluate checkpoint=checkpoint.pt data=set_9.json",
        GAP.replace("set_3", "set_9"),
    ],
)
def test_set_without_objects_is_refused(here, refused, line):
    bad_set(here, lambda content: content.update(annotations=[]))
    assert "must hold labelled objects" in refused(line)


def test_set_in_which_every_object_is_to_be_ignored_is_nothing_to_measure_on(here, refused):
    def ignore_all(content: dict[str, Any]) -> None:
        for annotation in content["annotations"]:
            annotation["iscrowd"] = 1

    bad_set(here, ignore_all)
    assert "must hold labelled objects" in refused("evaluate checkpoint=checkpoint.pt data=set_9.json")


def test_out_with_another_training_is_refused_by_the_name_of_what_differs(here, refused):
    (here / "run").mkdir()
    (here / "checkpoint.pt").rename(here / "run" / "checkpoint.pt")
    said = refused("train data=set_1.json out=run")
    assert "out 'run' holds another training: " in said
    assert "choose another out, or delete that one" in said


def test_out_with_another_gap_is_refused_and_its_settings_stay(here, refused):
    folder = here / "gap" / "real_only" / "seed_1" / "all"
    folder.mkdir(parents=True)
    (here / "checkpoint.pt").rename(folder / "checkpoint.pt")
    (here / "gap" / "gap.yaml").write_text("of the other")
    assert "seed_1/all' holds another training: " in refused(f"{GAP} out=gap")


# what is accepted


def kinds_of_photographs(folder: Path) -> Path:
    """A set of 16 bits, of four inks, and of one that is displayed a quarter turn from how it is stored."""
    path = write_tiny_set(folder, 3, seed=9)
    images = folder / "set_9"
    grey = np.asarray(Image.open(images / "1.png").convert("L")).astype(np.uint16)
    Image.fromarray(grey * 257).save(images / "1.png")
    Image.open(images / "2.png").convert("CMYK").save(images / "2.jpg")
    exif = Image.Exif()
    exif[274] = 6
    Image.open(images / "3.png").crop((0, 0, 96, 64)).save(images / "3.jpg", exif=exif)

    def name_them(content: dict[str, Any]) -> None:
        content["images"][1].update(file_name="2.jpg")
        content["images"][2].update(file_name="3.jpg", width=64, height=96)
        content["annotations"] = [a for a in content["annotations"] if a["image_id"] != 3]
        content["annotations"].append(
            {"id": 99, "image_id": 3, "category_id": 1, "bbox": [4, 60, 40, 30], "area": 1200, "iscrowd": 0}
        )

    return edited(path, name_them)


def test_photographs_of_unusual_kinds_are_measured_on(here, capsys):
    kinds_of_photographs(here)
    assert run(["evaluate", "checkpoint=checkpoint.pt", "data=set_9.json", "out=e", "resamples=100"]) == 0
    assert "3 images" in capsys.readouterr().out
    assert json.loads((here / "e" / "metrics.json").read_text())["images"] == 3
    truth = json.loads((here / "e" / "truth.json").read_text())
    assert {"height": 96, "id": 3, "width": 64} in truth["images"]


def test_photographs_of_unusual_kinds_are_trained_on(here):
    kinds_of_photographs(here)
    assert run(["train", "data=set_9.json", "out=t", *QUICK]) == 0
    assert (here / "t" / "checkpoint.pt").is_file()


def test_damaged_photograph_may_be_left_out_and_is_named(here, capsys):
    cut_a_photograph_short(here)
    assert run(["train", "data=set_9.json", "out=t", "on_bad_data=skip", *QUICK]) == 0
    captured = capsys.readouterr()
    assert "set_9: 2 images" in captured.out
    (said,) = captured.err.splitlines()
    assert "set_9/1.jpg is damaged or cut short" in said
    assert said.endswith("the image is left out")


def test_training_may_begin_with_the_detector_of_another_whatever_the_new_boxes_ask_for(here):
    line = ["train", "data=set_1.json", "out=t", "initial_checkpoint=checkpoint.pt", "resize=fit", *QUICK]
    assert run(line) == 0
    assert run(line) == 0  # and goes on


def test_second_run_says_that_all_is_there_and_changes_nothing(here, capsys):
    line = ["train", "data=set_1.json", "out=t", *QUICK]
    assert run(line) == 0
    capsys.readouterr()
    before = tree(here)
    assert run(line) == 0
    assert tree(here) == before
    assert "trained already, 2 iterations: t/checkpoint.pt" in capsys.readouterr().out


def test_predictions_say_what_their_numbers_mean(here, capsys):
    line = ["predict", "checkpoint=checkpoint.pt", "images=set_1", "out=p", "max_pictures=2"]
    assert run([*line, "score_threshold=0.4"]) == 0
    key = json.loads((here / "p" / "images.json").read_text())
    assert key["categories"] == [{"id": 1, "name": "red"}, {"id": 2, "name": "blue"}]
    assert [image["file_name"] for image in key["images"]] == ["set_1/1.png", "set_1/2.png", "set_1/3.png"]
    found = json.loads((here / "p" / "detections.json").read_text())
    assert {entry["image_id"] for entry in found} <= {image["id"] for image in key["images"]}
    assert all(entry["score"] >= 0.4 for entry in found)
    pictures = sorted((here / "p" / "pictures").iterdir())
    assert [picture.name for picture in pictures] == ["000001_1.png", "000002_2.png"]
    said = capsys.readouterr().out
    assert f"3 images, {len(found)} detections with a score of 0.4 or more" in said
    assert "look at p/pictures: 2 pictures" in said


def test_export_that_differs_by_more_than_the_tolerance_writes_nothing(here, capsys):
    assert run(["export-model", "checkpoint=checkpoint.pt", "out=m.onnx", "tolerance=0"]) == 1
    assert "where tolerance=0; nothing was written" in capsys.readouterr().err
    assert not (here / "m.onnx").exists()


# names of categories over several sets


def test_renaming_for_one_of_several_sets_is_no_news(here, capsys):
    bad_set(here, rename_a_category)
    groups = [["set_1.json"], ["set_9.json"]]
    one, other = open_each(groups, on_bad_data="stop", category_map={"crimson": "red", "grey": None})
    assert one.categories == other.categories == ("red", "blue")
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 2
    assert all("category_map: 'grey' is no category of " in line for line in said)


def test_home_folder_is_understood(here, monkeypatch):
    monkeypatch.setenv("HOME", str(here))
    assert len(open_data(["~/set_1.json"], on_bad_data="stop", category_map={}).images) == 3
    with pytest.raises(DataError, match="did you mean 'set_1.json'"):
        open_data(["~/set1.json"], on_bad_data="stop", category_map={})


# help, and what is to be typed next


def test_help_loads_neither_torch_nor_hydra():
    code = (
        "import sys\n"
        "from renderer.commands.main import run\n"
        f"for name in {COMMANDS!r}:\n"
        "    assert run([name, '--help']) == 0\n"
        "slow = {'torch', 'torchvision', 'hydra', 'omegaconf', 'numpy', 'scipy', 'cv2', 'onnx', 'rich'}\n"
        "sys.exit(', '.join(sorted(slow & set(sys.modules))) or 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert all(f"usage: gapless {name} " in done.stdout for name in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_examples_of_the_help_are_accepted(here, monkeypatch, command):
    monkeypatch.setattr(hydra, "main", lambda **_: lambda task: lambda: None)  # all checks, no work
    monkeypatch.setattr("renderer.commands.compose.run_sweep", lambda sweep, task: [])
    module = importlib.import_module(f"renderer.commands.{command.replace('-', '_')}")
    before = tree(here)
    examples = module.HELP.partition("examples:")[2].replace("\\\n", " ").strip().splitlines()
    for example in examples:
        _, _, line = example.partition("gapless ")
        assert run(shlex.split(line)) == 0
    assert tree(here) == before


def test_name_of_the_next_command_may_be_pasted(here, capsys):
    assert run(["train", "data=set_1.json", 'out="a=b,c d"', *QUICK]) == 0
    (following,) = [line for line in capsys.readouterr().out.splitlines() if "next: " in line]
    _, command, checkpoint, *_ = shlex.split(following.partition("next: ")[2])
    assert command == "evaluate"
    assert parse_override(checkpoint).value() == "a=b,c d/checkpoint.pt"


@given(st.text(st.characters(codec="utf-8", exclude_categories=["C"]), min_size=1, max_size=30))
def test_pasted_argument_has_the_value_that_was_meant(value):
    (argument,) = shlex.split(shell_argument("checkpoint", value))
    parsed = parse_override(argument)
    assert (parsed.key_or_group, parsed.value()) == ("checkpoint", value)


def test_plain_path_is_not_quoted():
    assert shell_argument("checkpoint", "outputs/train/dice/checkpoint.pt") == (
        "checkpoint=outputs/train/dice/checkpoint.pt"
    )
