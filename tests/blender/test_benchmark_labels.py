"""The script that measures labels beside numpy with pycocotools and BlenderProc."""

import re

import numpy as np
import pytest
from scipy import ndimage
from unit.scripts import load_script


@pytest.fixture(scope="module")
def script():
    return load_script("benchmark_labels")


def test_it_compares_all_ways_and_sweeps_over_pixels_and_instances(script, capsys):
    tiny = ["--size", "64x48", "--instances", "3", "--rounds", "1"]
    assert script.main([*tiny, "--sizes", "32x24,64x48", "--counts", "1,5"]) == 0
    text = capsys.readouterr().out
    assert re.findall(r"^  (\S.*?)  +[\d.]+ ms", text, re.MULTILINE)[:5] == [
        "scan, run lengths",
        "scan, polygons",
        "numpy and pycocotools",
        "BlenderProc, run lengths",
        "BlenderProc, polygons",
    ]
    assert re.findall(r"^ +(\d+x\d+) +(\d+) ", text, re.MULTILINE) == [
        ("32x24", "3"),
        ("64x48", "3"),
        ("64x48", "1"),
        ("64x48", "5"),
    ]


@pytest.mark.parametrize("count", [1, 20, 200])
def test_each_instance_is_drawn_in_one_part(script, count):
    ids = script.draw_ids((320, 240), count, seed=1)
    assert [ndimage.label(ids == number)[1] for number in range(1, count + 1)] == [1] * count


def test_a_way_that_finds_another_mask_or_box_is_refused(script):
    def shifted(ids, count):
        return script.by_loop(np.roll(ids, 1, axis=1), count)

    def filled(ids, count):
        found = script.by_loop(ids, count)
        return [{**found[0], "segmentation": {"size": [48, 64], "counts": "0"}}, *found[1:]]

    ids = script.draw_ids((64, 48), 4, seed=0)
    script.check_agreement(ids, 4, {"scan": script.by_scan, "loop": script.by_loop})
    with pytest.raises(SystemExit, match="disagree about instance 1"):
        script.check_agreement(ids, 4, {"scan": script.by_scan, "shifted": shifted})
    with pytest.raises(SystemExit, match="disagree about the mask of instance 1"):
        script.check_agreement(ids, 4, {"scan": script.by_scan, "filled": filled})
