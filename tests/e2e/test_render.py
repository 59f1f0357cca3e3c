"""`gapless render` from end to end."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest
from e2e.conftest import GAPLESS, SMALL, contents, gapless, render
from PIL import Image
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO

REPOSITORY = Path(__file__).parents[2]


def test_summary_names_the_contact_sheet_and_what_to_do_next(tmp_path):
    done = gapless("render", *SMALL, "recipe=dice", "frames=1", f"out={tmp_path / 'x'}")
    assert done.returncode == 0, done.stderr
    assert str(tmp_path / "x" / "preview.png") in done.stdout
    assert "next:" in done.stdout
    for stage in ("sample", "build", "trace", "label", "write"):
        assert stage in done.stdout


@pytest.mark.parametrize("name", ["dice_50", "cards_8"])
def test_dataset_holds_all_that_is_promised(request, name):
    folder = request.getfixturevalue(name)
    expected = {"images", "frames", "annotations.json", "draws.jsonl", "recipe.yaml", "preview.png"}
    expected |= {"dataset.json", "manifest.json", "README.md", "run.json"}
    assert expected == {p.name for p in folder.iterdir()}
    draws = [json.loads(line) for line in (folder / "draws.jsonl").read_text().splitlines()]
    assert [d["frame"] for d in draws] == list(range(len(draws)))
    assert all("camera.tilt_deg" in d["draws"] for d in draws)
    with Image.open(folder / "preview.png") as sheet:
        assert np.asarray(sheet.convert("L")).std() > 10


@pytest.mark.parametrize("name", ["dice_50", "cards_8"])
def test_each_box_is_exactly_the_extent_of_its_mask(request, name):
    folder = request.getfixturevalue(name)
    coco = COCO(folder / "annotations.json")
    assert coco.anns
    for annotation in coco.anns.values():
        mask = coco.annToMask(annotation)
        rows, columns = np.nonzero(mask)
        x, y, w, h = annotation["bbox"]
        assert (x, y) == (columns.min(), rows.min())
        assert (x + w, y + h) == (columns.max() + 1, rows.max() + 1)
        assert annotation["area"] == mask.sum() == coco_mask.area(annotation["segmentation"])
        assert annotation["id"] >= 1


def test_what_is_ignored_and_nothing_else_is_a_crowd(dice_50):
    coco = COCO(dice_50 / "annotations.json")
    crowds = {(a["image_id"], a["area"]) for a in coco.anns.values() if a["iscrowd"]}
    records = [json.loads(path.read_bytes()) for path in (dice_50 / "frames").iterdir()]
    ignored = {
        (record["frame"], instance["area_px"])
        for record in records
        for instance in record["instances"]
        if instance["ignored"] and instance["area_px"] > 0
    }
    assert crowds == ignored


def test_masks_of_one_frame_do_not_overlap(dice_50):
    coco = COCO(dice_50 / "annotations.json")
    for image in coco.imgs:
        masks = [coco.annToMask(a).astype(int) for a in coco.loadAnns(coco.getAnnIds(imgIds=image))]
        assert sum(masks, np.zeros((72, 96), dtype=int)).max() <= 1


def test_every_category_of_the_recipe_is_listed(dice_50, cards_8):
    for folder, names in (
        (dice_50, ["1", "2", "3", "4", "5", "6"]),
        (cards_8, ["nine", "ten", "jack", "queen", "king", "ace"]),
    ):
        categories = json.loads((folder / "annotations.json").read_text())["categories"]
        assert [c["name"] for c in categories] == names


def test_images_are_neither_black_nor_white_nor_alike(dice_50):
    pictures = [np.asarray(Image.open(p)).astype(float) for p in sorted((dice_50 / "images").iterdir())]
    assert all(20 < picture.mean() < 240 for picture in pictures)
    assert np.std([picture.mean(axis=(0, 1)) for picture in pictures], axis=0).min() > 10


def test_same_seed_gives_equal_bytes(dice_50, tmp_path):
    again = render(tmp_path / "again", "recipe=dice", "frames=6", "seed=3")
    for name, content in contents(again).items():
        if name.startswith(("images/", "frames/")):
            assert content == (dice_50 / name).read_bytes(), name
    once_more = render(tmp_path / "more", "recipe=dice", "frames=6", "seed=3")
    assert contents(once_more) == contents(again)


def test_another_seed_gives_other_images(dice_50, tmp_path):
    other = render(tmp_path / "other", "recipe=dice", "frames=1", "seed=4")
    assert (other / "images/000000.png").read_bytes() != (dice_50 / "images/000000.png").read_bytes()


def test_frame_5_alone_equals_frame_5_of_the_batch(dice_50, tmp_path):
    alone = render(tmp_path / "alone", "recipe=dice", "frames=1", "first_frame=5", "seed=3")
    for name in ("images/000005.png", "frames/000005.json"):
        assert (alone / name).read_bytes() == (dice_50 / name).read_bytes()
    assert len(list((alone / "images").iterdir())) == 1


@pytest.mark.parametrize("workers", [1, 2, 4])
def test_any_number_of_workers_gives_the_same_bytes(dice_50, tmp_path, workers):
    out = render(tmp_path / "out", "recipe=dice", "frames=6", "seed=3", f"execution.workers={workers}")
    for name, content in contents(out).items():
        if name.startswith(("images/", "frames/")):
            assert content == (dice_50 / name).read_bytes(), name


def test_killed_run_is_finished_by_the_same_command(dice_50, tmp_path):
    out = tmp_path / "killed"
    command = [GAPLESS, "render", *SMALL, f"out={out}", "recipe=dice", "frames=8", "seed=3"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while len(list(out.glob("frames/*.json"))) < 3 and process.poll() is None:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (out / "annotations.json").exists()
    done = gapless("render", *SMALL, f"out={out}", "recipe=dice", "frames=8", "seed=3")
    assert "of 8 frames are there already" in done.stdout
    for name, content in contents(out).items():
        if name.startswith(("images/", "frames/")) and not Path(name).name.startswith("."):
            assert content == (dice_50 / name).read_bytes(), name
    assert len(list(out.glob("frames/*.json"))) == 8


def test_damaged_image_is_rendered_again(dice_50, tmp_path):
    out = tmp_path / "damaged"
    shutil.copytree(dice_50, out)
    image = out / "images/000007.png"
    image.write_bytes(image.read_bytes()[:100])
    (out / "frames/000011.json").unlink()
    render(out, "recipe=dice", "frames=50", "seed=3")
    assert contents(out) == contents(dice_50)


def test_preview_writes_one_picture_and_nothing_else(tmp_path):
    done = gapless("preview", "recipe=cards", "frames=2", f"out={tmp_path / 'look'}", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert [p.name for p in (tmp_path / "look").iterdir()] == ["preview.png"]
    assert [p.name for p in tmp_path.iterdir()] == ["look"]


def test_sweep_writes_a_sub_folder_for_each_job_and_nothing_of_hydras(tmp_path):
    arguments = ("recipe=dice", "frames=1", "seed=0,1", f"out={tmp_path / 'sweep'}")
    done = gapless("render", "-m", *SMALL, *arguments, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    folders = sorted((tmp_path / "sweep").iterdir())
    assert len(folders) == 2
    assert all((folder / "annotations.json").is_file() for folder in folders)
    assert [p.name for p in tmp_path.iterdir()] == ["sweep"]


def test_own_skies_and_surface_images_are_used_and_part_of_the_identity(tmp_path):
    skies, tables = tmp_path / "skies", tmp_path / "tables"
    skies.mkdir()
    tables.mkdir()
    green = np.zeros((16, 32, 3), dtype=np.float32)
    green[..., 1] = 1.0
    assert cv2.imwrite(str(skies / "green.hdr"), green)
    Image.new("RGB", (64, 48), (255, 255, 255)).save(tables / "white.jpg")
    arguments = (
        f"lighting.environment.folder={skies}",
        f"surface.image_folder={tables}",
        "surface.appearance.pattern=image",
        "surface.tray.presence=false",
        "lighting.lights.lamp.count=0",
        "objects.die.count=0",
        "objects.clutter.count=0",
    )
    out = render(tmp_path / "out", "recipe=dice", "frames=1", *arguments)
    red, green_level, blue = np.asarray(Image.open(out / "images/000000.png")).mean(axis=(0, 1))
    assert green_level > 60 > 5 > max(red, blue)
    identity = json.loads((out / "dataset.json").read_text())
    assert set(identity["files"]) == {
        "lighting.environment.folder/green.hdr",
        "surface.image_folder/white.jpg",
    }
    Image.new("RGB", (64, 48), (0, 0, 0)).save(tables / "white.jpg")
    again = gapless("render", *SMALL, f"out={out}", "recipe=dice", "frames=1", *arguments)
    assert again.returncode == 2
    assert "holds another dataset: files surface.image_folder/white.jpg is" in again.stderr


def test_missing_gpu_is_one_sentence_and_leaves_nothing(tmp_path):
    done = gapless("render", "engine.device=gpu", f"out={tmp_path / 'x'}", cwd=tmp_path)
    if done.returncode == 0:
        pytest.skip("this machine has a GPU that Cycles can use")
    assert done.returncode == 2
    assert done.stderr.startswith("gapless: engine.device=gpu needs a GPU")
    assert done.stderr.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_installed_wheel_renders_from_another_directory(tmp_path):
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", tmp_path / "dist"]
    subprocess.run([*build, REPOSITORY], check=True, capture_output=True)
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "installed")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    code = "import renderer; print(renderer.__file__); from renderer.commands.main import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, "render", *SMALL, "recipe=cards", "frames=1", "out=here"],
        cwd=elsewhere,
        env={**os.environ, "PYTHONPATH": str(tmp_path / "installed")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert str(tmp_path / "installed") in done.stdout
    assert (elsewhere / "here" / "preview.png").is_file()
