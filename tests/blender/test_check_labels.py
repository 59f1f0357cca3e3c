"""The script that measures labels against Embree's rays, on small images."""

import json
from dataclasses import replace

import numpy as np
import pytest
from unit.scripts import load_script

from renderer.dataset.record import encode_mask

SMALL = ["camera.width_px=160", "camera.height_px=120"]


@pytest.fixture(scope="module")
def script():
    for name in ("oracle", "draw_perforated", "label_differences"):
        load_script(name)  # where the script looks for it
    return load_script("check_labels")


def run(script, tmp_path, *options: str) -> tuple[int, list[dict]]:
    out = tmp_path / "labels.json"
    status = script.main([*options, "--out", str(out), *SMALL])
    return status, json.loads(out.read_text())["instances"]


def test_labels_are_within_the_limits_or_lie_on_edges(script, tmp_path, capsys):
    status, rows = run(script, tmp_path, "--frames", "3", "--only", "arranged anywhere")
    assert status == 0
    assert len({row["set"] for row in rows}) == 3
    assert sum(row["visible_px"] > 0 for row in rows) > 10
    assert all(row["on_edges"] for row in rows)
    assert capsys.readouterr().out.count("IoU") == 4


def moved(entry: dict, mask: np.ndarray) -> dict:
    """An entry whose masks and boxes lie two pixels to the right."""
    amodal, (x0, y0, x1, y1) = entry["amodal"], entry["bbox_xyxy"]
    left, top, right, bottom = amodal["bbox_xyxy"]
    return entry | {
        "segmentation": encode_mask(np.roll(mask, 2, axis=1)),
        "bbox_xyxy": [x0 + 2, y0, x1 + 2, y1],
        "amodal": amodal | {"origin_px": [left + 2, top], "bbox_xyxy": [left + 2, top, right + 2, bottom]},
        "visibility": entry["visibility"] - 0.02,
    }


def test_planted_faults_are_listed_and_not_explained(script, tmp_path, capsys, monkeypatch):
    """Masks and boxes are moved, depth is a hundredth too great."""

    def label_view(*arguments, real=script.label_view):
        labelled = real(*arguments)
        buffers = replace(labelled.buffers, depth_z_m=1.01 * labelled.buffers.depth_z_m)
        entries = [moved(entry, buffers.ids == entry["id"]) for entry in labelled.instances]
        return replace(labelled, instances=entries, buffers=buffers)

    monkeypatch.setattr(script, "label_view", label_view)
    status, rows = run(script, tmp_path, "--frames", "1", "--only", "dice, arranged")
    assert status == 1
    faulty = [row for row in rows if row["visible_px"] > 50]
    assert faulty
    for row in faulty:
        assert {"mask", "box", "depth", "whole mask", "whole box", "visibility"} <= set(row["faults"])
        assert not row["on_edges"]
    assert faulty[0]["name"] in capsys.readouterr().out


def test_a_frame_that_fails_certification_is_named(script, tmp_path, capsys, monkeypatch):
    def traced(*arguments, real=script.traced):
        buffers = real(*arguments)
        return replace(buffers, ids=np.roll(buffers.ids, 20, axis=1))

    monkeypatch.setattr(script, "traced", traced)
    assert run(script, tmp_path, "--frames", "1", "--only", "dice, arranged") == (1, [])
    assert "frame 0: rejected, " in capsys.readouterr().out


@pytest.mark.parametrize("options", [("--frames", "0"), ("--only", "mugs"), ("camera.nonsense=1",)])
def test_bad_options_are_named_and_leave_nothing(script, tmp_path, capsys, options):
    try:
        status = script.main([*options, "--out", str(tmp_path / "labels.json")])
    except SystemExit as stopped:  # by argparse
        status = stopped.code
    assert status == 2
    said = capsys.readouterr().err
    assert options[-1].partition("=")[0] in said
    assert list(tmp_path.iterdir()) == []
