"""The script that measures labels against Embree's rays, on small images."""

import json
from dataclasses import replace

import numpy as np
import pytest
from unit.scripts import load_script

SMALL = ["camera.width_px=160", "camera.height_px=120"]


@pytest.fixture(scope="module")
def script():
    load_script("oracle")  # where the script looks for it
    load_script("draw_perforated")
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


def test_planted_faults_are_listed_and_not_explained(script, tmp_path, capsys, monkeypatch):
    """Ids and whole masks are shifted by two pixels, depth is a hundredth too great."""

    def traced(*arguments, real=script.traced):
        buffers = real(*arguments)
        return replace(buffers, ids=np.roll(buffers.ids, 2, axis=1), depth_z_m=1.01 * buffers.depth_z_m)

    def cast_view(*arguments, real=script.cast_view):
        cast = real(*arguments)
        moved = [replace(w, origin_px=(w.origin_px[0] + 2, w.origin_px[1])) for w in cast.wholes]
        return replace(cast, wholes=moved)

    monkeypatch.setattr(script, "traced", traced)
    monkeypatch.setattr(script, "cast_view", cast_view)
    status, rows = run(script, tmp_path, "--frames", "1", "--only", "dice, arranged")
    assert status == 1
    faulty = [row for row in rows if row["visible_px"] > 50]
    assert faulty
    for row in faulty:
        assert {"mask", "box", "depth", "whole mask", "whole box"} <= set(row["faults"])
        assert not row["on_edges"]
    assert faulty[0]["name"] in capsys.readouterr().out
