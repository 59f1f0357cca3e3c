"""Several images of one trace: other lights and other windows, each a frame like any other."""

import json

import cv2
import numpy as np
import pytest
from e2e.conftest import contents, gapless, render

RELIT = ("recipe=dice", "lighting=relit", "seed=3", "shots=4", "engine.denoise=true", "engine.samples=2")
CROPPED = ("recipe=dice", "seed=3", "shots=4", "camera.crop.width_px=48", "camera.crop.height_px=40")


@pytest.fixture(scope="module")
def relit(tmp_path_factory):
    return render(tmp_path_factory.mktemp("shots") / "relit", *RELIT, "frames=8", "execution.workers=1")


@pytest.fixture(scope="module")
def cropped(tmp_path_factory):
    return render(tmp_path_factory.mktemp("shots") / "cropped", *CROPPED, "frames=8")


def records(folder):
    return [json.loads(path.read_bytes()) for path in sorted((folder / "frames").iterdir())]


def test_shots_of_a_view_show_the_same_things_in_other_light(relit):
    for of_view in (records(relit)[:4], records(relit)[4:]):
        assert all(record["instances"] == of_view[0]["instances"] for record in of_view)
        assert all(record["camera"] == of_view[0]["camera"] for record in of_view)
        images = [cv2.imread(str(relit / record["image"]["file"])).astype(float) for record in of_view]
        colors = np.array([image.mean(axis=(0, 1)) / image.mean() for image in images])
        assert np.ptp(colors, axis=0).max() > 0.05
        assert all("lighting.environment.gain_ev" in record["draws"] for record in of_view)


def test_any_workers_and_a_shot_alone_give_the_same_bytes(relit, tmp_path):
    two = render(tmp_path / "two", *RELIT, "frames=8", "execution.workers=2")
    assert contents(two) == contents(relit)
    alone = render(tmp_path / "alone", *RELIT, "first_frame=6", "frames=1")
    for name in ("images/000006.png", "frames/000006.json"):
        assert (alone / name).read_bytes() == (relit / name).read_bytes()


def test_crops_have_labels_and_cameras_of_their_own(cropped):
    found = records(cropped)
    assert all(record["status"] == "ok" for record in found)
    for record in found:
        assert (record["image"]["width_px"], record["image"]["height_px"]) == (48, 40)
        assert cv2.imread(str(cropped / record["image"]["file"])).shape == (40, 48, 3)
    corners = {(record["camera"]["cx_px"], record["camera"]["cy_px"]) for record in found[:4]}
    assert len(corners) == 4


def test_crop_shows_what_the_whole_image_shows_there(cropped, tmp_path):
    plain = (*CROPPED[:3], "sensor.exposure_ev=0", "sensor.exposed_share=null")
    whole = render(tmp_path / "whole", *plain, "frames=4")
    for record, all_of_it in zip(records(cropped)[:4], records(whole), strict=True):
        across, down = (
            round(all_of_it["camera"][axis] - record["camera"][axis]) for axis in ("cx_px", "cy_px")
        )
        seen = {instance["name"]: instance for instance in record["instances"]}
        for instance in all_of_it["instances"]:
            left, top, right, bottom = instance["bbox_xyxy"] or (-1, -1, -1, -1)
            inside = across <= left and down <= top and right <= across + 48 and bottom <= down + 40
            if inside and instance["area_px"] > 0:
                assert seen[instance["name"]]["area_px"] == instance["area_px"]


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        (["camera.crop.width_px=48"], "camera.crop.width_px and height_px belong together"),
        (
            ["camera.crop.width_px=480", "camera.crop.height_px=40"],
            "camera.crop.width_px must be at most camera.width_px, got 480 > 96",
        ),
    ],
)
def test_windows_that_cannot_be_are_refused(keys, said, tmp_path):
    done = gapless("render", "recipe=dice", "camera.width_px=96", f"out={tmp_path / 'x'}", *keys)
    assert done.returncode == 2
    assert said in done.stderr
    assert not (tmp_path / "x").exists()
