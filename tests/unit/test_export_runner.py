"""The runner of exports: one pass over the records, parts of whole scenes, whole or absent, by processes."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from unit.exporting import Probe, Shown, exported, parts_of, record_of, source_of
from unit.frames import rejected_of, tree
from unit.test_exports import ALL, HALF, SIZE_HW, square

from renderer.dataset.exports import runner
from renderer.dataset.exports.format import Choices
from renderer.dataset.exports.placing import MARKER
from renderer.dataset.exports.registry import formats_named
from renderer.dataset.file_store import Store
from renderer.dataset.record import Record
from renderer.dataset.source import Source
from renderer.errors import InfrastructureError, StoreError

FEW = 8  # frames of a part


@pytest.fixture(autouse=True)
def small_parts(monkeypatch):
    monkeypatch.setattr(runner, "PART_FRAMES", FEW)


def frames_of(count: int) -> list[dict]:
    return [
        rejected_of(frame)
        if frame % 10 == 7
        else record_of(frame, SIZE_HW, [Shown(mask=square(12 * n, frame % 16)) for n in range(frame % 3)])
        for frame in range(count)
    ]


def probed(source: Source, out: Path, probe: Probe | None = None, processes: int = 1) -> None:
    for _ in runner.export(source, [probe or Probe()], out, Choices(), processes):
        pass


@dataclass(frozen=True, slots=True, kw_only=True)
class BareSource(Source):
    """Records without images or objects, of the frames it is told.

    Attributes:
        numbers: of the frames.
        asked: grows by each frame whose record is read.
    """

    numbers: Sequence[int]
    asked: list[int]

    def frames(self) -> Sequence[int]:
        return self.numbers

    def records(self, frames: Sequence[int]) -> Iterator[Record]:
        for frame in frames:
            self.asked.append(frame)
            yield record_of(frame, SIZE_HW)


@settings(max_examples=50)
@given(st.sets(st.integers(0, 60)), st.integers(1, 12))
def test_parts_are_contiguous_whole_scenes_of_about_a_size(tmp_path_factory, frames, scene_frames):
    out = tmp_path_factory.mktemp("parts")
    numbers = sorted(frames)
    source = BareSource(
        store=Store(root=out, identity={}), categories=(), keypoints={}, recipe={}, scene_frames=scene_frames,
        numbers=numbers, asked=[],
    )  # fmt: skip
    probed(source, out)
    parts = parts_of(out)
    assert [frame for part in parts for frame in part] == source.asked == numbers
    scenes = [{frame // scene_frames for frame in part} for part in parts]
    assert sum(map(len, scenes)) == len(set().union(*scenes))
    assert all(len(part) <= max(FEW, scene_frames) for part in parts)


def test_each_record_is_read_once_for_all_formats(tmp_path, monkeypatch):
    source = source_of(tmp_path / "d", frames_of(20))
    read, asked = Source.records, []

    def watched(self, frames):
        for record in read(self, frames):
            asked.append(record["frame"])
            yield record

    monkeypatch.setattr(Source, "records", watched)
    exported(source, tmp_path, *ALL)
    assert asked == list(range(20))


def test_two_processes_write_the_bytes_of_one(tmp_path):
    source = source_of(tmp_path / "d", frames_of(40), scene_frames=2)
    counts = [
        exported(source, tmp_path / str(n), *ALL, choices=Choices(split=HALF, polygons=True), processes=n)
        for n in (1, 2)
    ]
    assert counts[0] == counts[1]
    assert tree(tmp_path / "1") == tree(tmp_path / "2")


def test_nothing_but_the_exports_is_left_and_each_says_what_it_is(tmp_path):
    source = source_of(tmp_path / "d", frames_of(20))
    counts = exported(source, tmp_path / "out", *ALL, choices=Choices(split=HALF, box="amodal"))
    assert {path.name for path in (tmp_path / "out").iterdir()} == set(ALL)
    assert not [path for path in (tmp_path / "out").rglob(".*") if path.name != MARKER]
    for name in ALL:
        marker = json.loads((tmp_path / "out" / name / MARKER).read_bytes())
        assert marker == {
            "format": name,
            "box": "amodal",
            "polygons": False,
            "val_share": 0.5,
            "split_seed": 0,
            "images": dict(counts.images),
            "annotations": dict(counts.annotations),
        }


def test_earlier_export_is_replaced_whole(tmp_path):
    exported(source_of(tmp_path / "large", frames_of(20)), tmp_path / "a", *ALL)
    small = source_of(tmp_path / "small", frames_of(9))
    exported(small, tmp_path / "a", *ALL)
    exported(small, tmp_path / "b", *ALL)
    assert tree(tmp_path / "a") == tree(tmp_path / "b")


@pytest.mark.parametrize("kind", ["folder", "file"])
def test_what_is_no_export_of_ours_is_never_replaced(tmp_path, kind):
    if kind == "folder":
        (tmp_path / "out/coco").mkdir(parents=True)
        (tmp_path / "out/coco/mine.txt").write_text("mine")
    else:
        (tmp_path / "out").mkdir()
        (tmp_path / "out/coco").write_text("mine")
    before = tree(tmp_path / "out")
    with pytest.raises(
        StoreError, match="coco is no export of gapless, so it is not replaced; choose another"
    ):
        exported(source_of(tmp_path / "d", frames_of(3)), tmp_path / "out", "yolo", "coco")
    assert tree(tmp_path / "out") == before


@pytest.mark.parametrize("earlier", [False, True])
def test_full_disk_is_told_and_leaves_what_was_there(tmp_path, earlier):
    source = source_of(tmp_path / "d", frames_of(20))
    if earlier:
        probed(source, tmp_path / "out")
    before = tree(tmp_path)
    with pytest.raises(StoreError, match="No space left on device.*free some space or choose another --out"):
        probed(source, tmp_path / "out", Probe(full=12))
    assert tree(tmp_path) == before


def test_lost_image_is_named_and_nothing_is_left(tmp_path):
    source = source_of(tmp_path / "d", frames_of(20))
    (source.root / "images/000012.png").unlink()
    for names in (["coco"], ["webdataset"]):
        with pytest.raises(StoreError, match=r"images/000012.png of .* cannot be read \(No such file"):
            exported(source, tmp_path / "out", *names)
        assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("damage", ["", "{"])
def test_damaged_record_is_told_and_nothing_is_left(tmp_path, damage):
    source = source_of(tmp_path / "d", frames_of(20))
    (source.root / "frames/000012.json").write_text(damage)
    with pytest.raises(StoreError, match="the record of frame 12 of .* cannot be read"):
        exported(source, tmp_path / "out", *ALL)
    assert not (tmp_path / "out").exists()


def test_export_that_is_stopped_leaves_the_earlier_one(tmp_path):
    source = source_of(tmp_path / "d", frames_of(20))
    exported(source, tmp_path / "out", "yolo")
    before = tree(tmp_path / "out")
    running = runner.export(source, formats_named(["yolo", "coco"]), tmp_path / "out", Choices(split=HALF))
    next(running)
    assert (tmp_path / "out/.coco.part").is_dir()
    running.close()
    assert tree(tmp_path / "out") == before


def test_what_a_killed_export_left_is_cleared_away_and_the_earlier_one_is_kept(tmp_path):
    source = source_of(tmp_path / "d", frames_of(9))
    exported(source, tmp_path / "out", "coco")
    expected = tree(tmp_path / "out")
    (tmp_path / "out/coco").rename(tmp_path / "out/.coco.replaced.part")
    (tmp_path / "out/.coco.part/images").mkdir(parents=True)
    running = runner.export(source, formats_named(["coco"]), tmp_path / "out", Choices())
    next(running)
    running.close()
    assert tree(tmp_path / "out") == expected
    exported(source, tmp_path / "out", "coco")
    assert tree(tmp_path / "out") == expected


def test_killed_process_is_told_and_leaves_nothing(tmp_path):
    source = source_of(tmp_path / "d", frames_of(40))
    with pytest.raises(InfrastructureError, match="a process of the export was killed.*run the same command"):
        probed(source, tmp_path / "out", Probe(killed=12), processes=2)
    assert not (tmp_path / "out").exists()


def test_misfortune_of_a_process_is_told_as_its_own(tmp_path):
    source = source_of(tmp_path / "d", frames_of(40))
    with pytest.raises(StoreError, match="No space left on device"):
        probed(source, tmp_path / "out", Probe(full=12), processes=2)
    assert not (tmp_path / "out").exists()
