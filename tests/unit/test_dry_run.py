"""A dry run: its page shows every factor, stands alone, and Blender is never imported."""

import html.parser
import json
import re
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from unit.command_line import dry_run
from unit.recipes import dice_recipe

from renderer.inspect.recipes import FIXED, OFF, VARIES, factor_rows
from renderer.scene import Contact

OVERRIDES = ("frames=12", "shots=2", "sensor.iso=[log_uniform,100,6400]", 'name="<dice & more>"')
VOID = {"meta", "rect", "line", "polyline"}


class Page(html.parser.HTMLParser):
    """Opens and closes tags, and collects texts, links and titles."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.links: list[str] = []
        self.titles: set[str] = set()
        self.texts: list[str] = []
        self.counts: dict[str, int] = {}

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        self.counts[tag] = self.counts.get(tag, 0) + 1
        self.links += [v for k, v in attrs if k in ("src", "href")]
        self.titles |= {values["title"]} if "title" in values else set()
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        for name in ("bpy", "blenderproc"):
            patch.setitem(sys.modules, name, None)  # whoever imports Blender in here fails
        out = tmp_path_factory.mktemp("dry")
        dry_run(*OVERRIDES, f"out={out}")
    return out / "dry_run"


@pytest.fixture(scope="module")
def page(folder) -> Page:
    parsed = Page()
    parsed.feed((folder / "factors.html").read_text())
    assert parsed.open == []
    return parsed


@pytest.fixture(scope="module")
def rows():
    values = {"objects.die.count": 2, "sensor.iso": ["log_uniform", 100, 6400]}
    return list(factor_rows(dice_recipe(shots=2, **values)))


def test_the_page_asks_for_nothing_else(folder, page):
    text = (folder / "factors.html").read_text()
    assert page.links == []
    assert "script" not in page.counts
    assert "url(" not in text
    assert "@import" not in text


def test_what_varies_has_a_card_and_what_is_fixed_or_off_is_listed(page, rows):
    texts = " ".join(page.texts)
    assert {row.name for row in rows if row.state == VARIES} <= page.titles
    assert all(row.name in texts for row in rows if row.state in (FIXED, OFF))
    assert all(row.help in texts and row.value in texts for row in rows if row.state == VARIES)


def test_levels_are_headings_and_the_name_is_escaped(page):
    texts = [text.strip() for text in page.texts]
    assert [t for t in texts if t.startswith("Drawn once")] == [
        "Drawn once a scene", "Drawn once a view", "Drawn once a shot",
    ]  # fmt: skip
    assert "<dice & more>" in texts


def test_histograms_have_bars_and_declared_lines(page, rows):
    ranges = [r for r in rows if r.state == VARIES and re.match(r"\[(log_)?uniform|\[trunc", r.value)]
    assert page.counts["polyline"] >= len(ranges) - 5  # lamps may not have been drawn in a few scenes
    assert page.counts["rect"] >= 20 * page.counts["polyline"]


def test_the_estimate_counts_scenes_views_and_frames(folder):
    work = json.loads((folder / "estimate.json").read_bytes())["work"]
    assert (work["scenes"], work["views"], work["frames"]) == (6, 6, 12)
    assert work["camera_samples"] == 6 * 640 * 480 * 4
    assert work["instances"] == 12 * 2
    draws = sum(1 for line in (folder / "scenes.jsonl").read_text().splitlines() if json.loads(line))
    assert draws == 6


def test_draws_count_once_a_scene_a_view_or_a_shot(folder):
    factors = json.loads((folder / "factors.json").read_bytes())
    assert factors["layout.half_width_m"]["draws"] == 6
    assert factors["camera.tilt_deg"]["draws"] == 6
    assert factors["sensor.iso"]["draws"] == 12
    assert factors["objects.die.edge_m"]["draws"] == 12
    assert sum(factors["sensor.iso"]["histogram"]["counts"]) == 12


def test_a_dry_run_settles_a_few_scenes_and_says_so(tmp_path, monkeypatch, capsys):
    from renderer.commands import dry_run as module

    monkeypatch.setattr(module, "MEASURED_SCENES", 2)
    sampled = module.sample_scene

    def falling(*arguments):
        scene = sampled(*arguments)
        begin = [replace(i.pose, position_m=(0.0, 0.0, 0.1 * (n + 1))) for n, i in enumerate(scene.objects)]
        items = (replace(i, contact=Contact.FALL, pose=p) for i, p in zip(scene.objects, begin, strict=True))
        return replace(scene, objects=tuple(items))

    monkeypatch.setattr(module, "sample_scene", falling)
    monkeypatch.setenv("GAPLESS_CACHE", str(tmp_path / "cache"))
    dry_run("frames=4", "objects.die.count=2", "objects.clutter.count=0", f"out={tmp_path}")
    heights_m = [
        max(item["pose"]["position_m"][2] for item in json.loads(line)["objects"] if item["kind"] == "die")
        for line in (tmp_path / "dry_run" / "scenes.jsonl").read_text().splitlines()
    ]
    assert max(heights_m[:2]) < 0.05
    assert heights_m[2:] == pytest.approx([0.2, 0.2])
    work = json.loads((tmp_path / "dry_run" / "estimate.json").read_bytes())["work"]
    assert (work["falling"], work["settled"]) == (4, 2)
    assert work["settling_s"] > 0
    printed = capsys.readouterr().out
    assert "the first 2 scenes in which something falls at rest, the other 2 before it falls" in printed
    assert "mean over 2 of 4" in printed
