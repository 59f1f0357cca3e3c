"""`gapless verify` as users start it, on rendered datasets and on a damaged copy of one."""

import json
import shutil

import pytest
from e2e.conftest import contents, gapless, render


@pytest.mark.parametrize("name", ["dice_50", "cards_8"])
def test_rendered_dataset_is_whole_and_each_record_carries_its_certification(name, request):
    root = request.getfixturevalue(name)
    before = contents(root)
    done = gapless("verify", root, "--export", root / "annotations.json")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "all is as it was rendered" in done.stdout
    assert contents(root) == before
    for path in sorted((root / "frames").glob("*.json")):
        record = json.loads(path.read_bytes())
        if record["status"] == "ok":
            figures = record["certification"]
            assert figures["rays"] == 96 * 72
            assert figures["instances"] == len(record["instances"])
            assert 0 <= figures["differing_px"] <= 2 * (len(record["instances"]) + 10)


def test_damaged_frame_is_named_and_doing_as_told_mends_the_dataset(tmp_path):
    keys = ("recipe=dice", "frames=3", "seed=5", "labels.maps=[instances,depth]")
    root = render(tmp_path / "dice", *keys)
    sound = contents(root, ("images", "frames", "instances", "depth"))
    shutil.copy(root / "images/000000.png", root / "images/000001.png")
    (root / "depth/000002.exr").write_bytes(b"x")
    done = gapless("verify", root)
    assert done.returncode == 1
    assert "frame 1: images/000001.png has" in done.stdout
    assert "frame 2: depth/000002.exr has 1 bytes" in done.stdout
    assert "next: delete frames/000001.json, frames/000002.json, then run the gapless render" in done.stdout
    for frame in (1, 2):
        (root / f"frames/{frame:06d}.json").unlink()
    render(tmp_path / "dice", *keys)
    assert gapless("verify", root).returncode == 0
    assert contents(root, ("images", "frames", "instances", "depth")) == sound


def test_what_is_no_dataset_is_bad_input(tmp_path):
    done = gapless("verify", tmp_path)
    assert done.returncode == 2
    assert "no other labels" in done.stderr
