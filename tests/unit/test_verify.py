"""`gapless verify` on datasets that were never rendered: a whole one passes, each damage is named."""

import hashlib
import json
import math
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.command_line import commit_frames, dice_identity
from unit.frames import HEIGHT_PX, SMALL, WIDTH_PX, encode_mask, finish, source_of, striped_buffers, tree
from unit.recipes import dice_recipe

from renderer.commands.main import run
from renderer.dataset.frame_checks import (
    certification_fault,
    flags_fault,
    image_fault,
    labels_fault,
    maps_fault,
    record_fault,
)
from renderer.dataset.store import open_store
from renderer.dataset.verification import open_dataset

FRAMES = (0, 1, 2, 5)
REJECTED = 3
KEYS = [f"camera.width_px={WIDTH_PX}", f"camera.height_px={HEIGHT_PX}"]


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Path:
    """A dataset of 4 frames; frame 3 was rejected and frame 4 not rendered yet."""
    root = tmp_path_factory.mktemp("verify") / "dice"
    commit_frames(root, *FRAMES)
    recipe = dice_recipe(**SMALL)
    source = source_of(recipe, REJECTED)
    buffers = striped_buffers(source)
    buffers.radiance[3, 5, 1] = math.nan
    store = open_store(str(root), dice_identity())
    store.commit(finish(recipe, source, buffers).record, None)
    assert run(["render", "recipe=dice", *KEYS, "frames=3", f"out={root}"]) == 0  # writes what is derived
    return root


@pytest.fixture
def copy_of(whole, tmp_path) -> Path:
    """A copy of it, to be damaged."""
    return Path(shutil.copytree(whole, tmp_path / "dice"))


def verify(*arguments: object) -> int:
    return run(["verify", *map(str, arguments)])


def record_of(root: Path, frame: int) -> dict:
    record: dict = json.loads((root / f"frames/{frame:06d}.json").read_bytes())
    return record


def write_record(root: Path, record: dict, frame: int | None = None) -> None:
    path = root / f"frames/{record['frame'] if frame is None else frame:06d}.json"
    path.write_text(json.dumps(record, sort_keys=True, separators=(",", ":")) + "\n")


def found(root: Path, capsys, *arguments: object) -> str:
    """What verify prints of a dataset that is not whole."""
    before = tree(root)
    assert verify(root, *arguments) == 1
    assert tree(root) == before, "verify wrote something"
    printed: str = capsys.readouterr().out
    return printed


def test_whole_dataset_passes_and_what_is_no_fault_is_told(whole, capsys):
    before = tree(whole)
    assert verify(whole) == 0
    assert tree(whole) == before
    printed = capsys.readouterr().out
    assert "5 frames checked" in printed
    assert "1 of them rejected" in printed
    assert "frame 3: finite: radiance is not finite at 1 pixel, the first in column 5 of row 3" in printed
    assert "not rendered, which is no fault: frame 4" in printed
    assert "all is as it was rendered" in printed


def test_png_cut_short_is_found(copy_of, capsys):
    path = copy_of / "images/000001.png"
    path.write_bytes(path.read_bytes()[:-20])
    printed = found(copy_of, capsys)
    assert "1 fault: image 1" in printed
    assert "frame 1: images/000001.png has" in printed
    assert "next: delete frames/000001.json" in printed


def test_flipped_byte_is_found(copy_of, capsys):
    path = copy_of / "images/000002.png"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    assert "frame 2: images/000002.png has other content" in found(copy_of, capsys)


def test_image_of_another_size_is_found_though_its_hash_is_right(copy_of, capsys):
    record = record_of(copy_of, 1)
    record["image"]["width_px"] += 1
    write_record(copy_of, record)
    assert f"decodes to uint8 ({HEIGHT_PX}, {WIDTH_PX}, 3)" in found(copy_of, capsys)


def test_missing_image_is_found(copy_of, capsys):
    (copy_of / "images/000000.png").unlink()
    assert "frame 0: images/000000.png is missing" in found(copy_of, capsys)


@pytest.mark.parametrize(
    "name",
    [
        "images/000004.png",
        "images/000003.png",
        "images/notes.txt",
        "frames/x.json",
        "frames/0000001.json",
        "frames/000001.png",
        "images/000001.json",
    ],
)
def test_file_that_belongs_to_no_frame_is_found(copy_of, capsys, name):
    (copy_of / name).write_bytes(b"x")
    printed = found(copy_of, capsys)
    assert f"{name} belongs to no frame" in printed
    assert "next: delete what belongs to no frame" in printed


@pytest.mark.parametrize("folder", [".", "images", "frames"])
def test_file_of_a_killed_run_is_found(copy_of, capsys, folder):
    (copy_of / folder / ".000009.png.abc.part").write_bytes(b"x")
    assert "is left from a run that was killed" in found(copy_of, capsys)


def test_edited_box_is_found_in_the_record_and_in_the_annotations(copy_of, capsys):
    record = record_of(copy_of, 2)
    record["instances"][0]["bbox_xyxy"][2] += 1
    write_record(copy_of, record)
    printed = found(copy_of, capsys)
    assert "frame 2: die[0] has bbox_xyxy [0, 0, 2, 32], but the box of its mask is [0, 0, 1, 32]" in printed
    assert "annotations.json is not what the records give: it differs at annotation" in printed
    assert "of frame 2" in printed


def test_exchanged_masks_are_found(copy_of, capsys):
    record = record_of(copy_of, 1)
    first, second = record["instances"][:2]
    first["segmentation"], second["segmentation"] = second["segmentation"], first["segmentation"]
    write_record(copy_of, record)
    assert "frame 1: die[0] has bbox_xyxy" in found(copy_of, capsys)


def test_wrong_area_is_found(copy_of, capsys):
    record = record_of(copy_of, 1)
    record["instances"][1]["area_px"] += 3
    write_record(copy_of, record)
    assert "frame 1: die[1] has area_px 35, but its mask has 32 pixels" in found(copy_of, capsys)


def test_instances_in_one_place_are_found(copy_of, capsys):
    record = record_of(copy_of, 1)
    first, second = record["instances"][:2]
    for key in ("bbox_xyxy", "area_px", "segmentation", "amodal", "visibility", "truncation"):
        second[key] = first[key]
    write_record(copy_of, record)
    assert "frame 1: die[0] and die[1] share pixels" in found(copy_of, capsys)


@pytest.mark.parametrize(
    ("key", "value"),
    [("annotated", False), ("ignored", True), ("face_margin", 0.1), ("face_visibility", 0.1)],
)
def test_flag_that_the_limits_of_the_recipe_do_not_give_is_found(copy_of, capsys, key, value):
    record = record_of(copy_of, 0)
    entry = next(entry for entry in record["instances"] if entry["annotated"])
    entry[key] = value
    write_record(copy_of, record)
    assert "but by the recipe's limits it is" in found(copy_of, capsys)


def test_record_without_certification_is_found(copy_of, capsys):
    record = record_of(copy_of, 0)
    del record["certification"]
    write_record(copy_of, record)
    assert "frame 0: the record has no certification" in found(copy_of, capsys)


@pytest.mark.parametrize("figure", ["rays", "differing_px", "instances", "alignment", "black_share"])
def test_certification_without_a_figure_is_found(copy_of, capsys, figure):
    record = record_of(copy_of, 0)
    del record["certification"][figure]
    write_record(copy_of, record)
    assert f"frame 0: the record's certification has no {figure}" in found(copy_of, capsys)


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b"7", b'{"frame": 9}', b"\xff\xfe", b"[" * 100_000])
def test_record_that_is_none_is_found_and_nothing_is_compared_with_it(copy_of, capsys, content):
    (copy_of / "frames/000001.json").write_bytes(content)
    printed = found(copy_of, capsys)
    assert "1 fault: record 1" in printed
    assert "frame 1: the record is" in printed
    assert "annotations.json, draws.jsonl and manifest.json were not compared" in printed


def test_record_under_another_number_is_found(copy_of, capsys):
    write_record(copy_of, record_of(copy_of, 0), frame=1)
    assert "frame 1: the record is of frame 0" in found(copy_of, capsys)


@pytest.mark.parametrize(
    "name", ["../x", "/etc/passwd", "images/../../x.png", "C:\\x.png", "images/000002.png"]
)
def test_path_that_is_not_the_frames_own_is_found_and_not_followed(copy_of, capsys, name):
    record = record_of(copy_of, 1)
    record["image"]["file"] = name
    write_record(copy_of, record)
    assert f"frame 1: the record names the image {name!r}" in found(copy_of, capsys)


def test_annotation_that_was_removed_is_found_with_its_frame(copy_of, capsys):
    path = copy_of / "annotations.json"
    lines = path.read_text().splitlines(keepends=True)
    annotated = [n for n, line in enumerate(lines) if '"image_id":1,' in line]
    del lines[annotated[0]]
    path.write_text("".join(lines))
    printed = found(copy_of, capsys)
    assert "1 fault: annotations 1" in printed
    assert "of frame 1" in printed
    assert "next: run the gapless render command of this dataset again" in printed


@pytest.mark.parametrize("name", ["annotations.json", "draws.jsonl", "recipe.yaml"])
def test_missing_file_that_follows_from_the_records_is_found(copy_of, capsys, name):
    (copy_of / name).unlink()
    assert f"{name} is missing" in found(copy_of, capsys)


@pytest.mark.parametrize("name", ["annotations.json", "draws.jsonl", "recipe.yaml"])
@pytest.mark.parametrize("content", [b"", b"[]", b"\xff\xfe\x00", b"{]"])
def test_nonsense_in_place_of_it_is_found(copy_of, capsys, name, content):
    (copy_of / name).write_bytes(content)
    assert f"{name} is not what" in found(copy_of, capsys)


def test_changed_draw_and_more_lines_are_found(copy_of, capsys):
    path = copy_of / "draws.jsonl"
    lines = path.read_bytes()
    path.write_bytes(lines + b"{}\n")
    assert "draws.jsonl is not what the records give: it goes on behind its end" in found(copy_of, capsys)
    path.write_bytes(lines.replace(b'"frame":2', b'"frame":7'))
    assert "it differs at frame 2" in found(copy_of, capsys)


def test_all_faults_are_counted_and_the_first_twenty_shown(copy_of, capsys):
    for number in range(30):
        (copy_of / f"images/x{number:02d}.txt").write_bytes(b"")
    printed = found(copy_of, capsys)
    assert "30 faults: folders 30" in printed
    assert "x19.txt" in printed
    assert "x20.txt" not in printed
    assert "and 10 more" in printed


def test_maps_that_the_recipe_asks_for_are_checked(copy_of, capsys):
    identity = json.loads((copy_of / "dataset.json").read_bytes())
    identity["recipe"]["labels.maps"] = ["instances"]
    (copy_of / "dataset.json").write_text(json.dumps(identity))
    printed = found(copy_of, capsys)
    assert "frame 0: the record has the maps [], expected ['instances']" in printed
    for frame in FRAMES:
        record = record_of(copy_of, frame)
        _, code = cv2.imencode(".png", np.zeros((HEIGHT_PX, WIDTH_PX), dtype=np.uint16))
        path = copy_of / f"instances/{frame:06d}.png"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(code.tobytes())
        record["maps"] = {"instances": file_entry(path, copy_of)}
        write_record(copy_of, record)
    asked = "labels.maps=[instances]"
    assert run(["render", "recipe=dice", *KEYS, asked, "frames=3", f"out={copy_of}"]) == 0
    assert verify(copy_of) == 0
    capsys.readouterr()
    (copy_of / "instances/000002.png").write_bytes(b"x")
    (copy_of / "instances/000004.png").write_bytes(b"x")
    record = record_of(copy_of, 1)
    record["maps"]["instances"]["file"] = "instances/../../000001.png"
    write_record(copy_of, record)
    printed = found(copy_of, capsys)
    assert "frame 2: instances/000002.png has 1 bytes" in printed
    assert "instances/000004.png belongs to no frame" in printed
    assert "frame 1: the record names the map 'instances/../../000001.png'" in printed


def file_entry(path: Path, root: Path) -> dict:
    content = path.read_bytes()
    return {
        "file": str(path.relative_to(root)),
        "bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
    }


def test_hidden_part_makes_a_truncated_visibility_wrong(copy_of, capsys):
    """An edit that keeps mask, box and area in agreement is still found by the whole object's mask."""
    record = record_of(copy_of, 0)
    entry = record["instances"][0]
    mask = np.zeros((HEIGHT_PX, WIDTH_PX), dtype=bool)
    mask[: HEIGHT_PX // 2, 0] = True
    entry |= {
        "segmentation": encode_mask(mask),
        "area_px": HEIGHT_PX // 2,
        "bbox_xyxy": [0, 0, 1, HEIGHT_PX // 2],
    }
    write_record(copy_of, record)
    assert "frame 0: die[0] has visibility 1.0, but its masks give 0.5" in found(copy_of, capsys)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "the following arguments are required: PATH"),
        (["a", "b"], "unrecognized arguments: b"),
        (["nowhere"], "is not there"),
        (["--all", "."], "unrecognized arguments"),
    ],
)
def test_what_cannot_be_verified_is_bad_input(arguments, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert verify(*arguments) == 2
    assert message in capsys.readouterr().err


def test_dataset_without_an_identity_that_can_be_read_is_bad_input(copy_of, capsys):
    (copy_of / "dataset.json").write_text("{}")
    assert verify(copy_of) == 2
    assert "dataset.json has no 'recipe'" in capsys.readouterr().err
    (copy_of / "dataset.json").write_text("no json")
    assert verify(copy_of) == 2
    assert "dataset.json cannot be read" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("key", "value"), [("min_pixels", "16"), ("maps", ["colours"]), ("maps", 7), ("min_visibility", None)]
)
def test_identity_that_says_what_no_recipe_does_is_bad_input(copy_of, capsys, key, value):
    identity = json.loads((copy_of / "dataset.json").read_bytes())
    identity["recipe"][f"labels.{key}"] = value
    (copy_of / "dataset.json").write_text(json.dumps(identity))
    assert verify(copy_of) == 2
    assert "dataset.json cannot be read" in capsys.readouterr().err


def places(item, path=()):
    """Every place in a piece of JSON."""
    yield path
    children = item.items() if isinstance(item, dict) else enumerate(item) if isinstance(item, list) else ()
    for key, child in children:
        yield from places(child, (*path, key))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=4,
)


@given(st.data())
def test_whatever_is_written_into_a_record_is_looked_at_without_a_crash(whole, data):
    record = record_of(whole, 1)
    record["instances"] = record["instances"][:2]
    path = data.draw(st.sampled_from([p for p in places(record | {"draws": {}}) if p]))
    place = record
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = data.draw(JSON)
    limits = open_dataset(whole).limits
    if record_fault(record, 1) is None:
        certification_fault(record)
        if labels_fault(record) is None:
            flags_fault(record, limits)
        image_fault(open_dataset(whole).store, record)
        maps_fault(open_dataset(whole).store, record, limits)


def test_help_has_examples(capsys):
    assert verify("--help") == 0
    assert "gapless verify outputs/dice --export exported/data.yaml" in capsys.readouterr().out
