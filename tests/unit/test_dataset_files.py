"""What is written when frames are done: manifest and card, by which a dataset is known."""

import hashlib
import json
import shlex
import shutil
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from unit.command_line import commit_frames
from unit.frames import HEIGHT_PX, SMALL, WIDTH_PX, finished_frame
from unit.frames import tree as everything_in
from unit.recipes import cards_recipe, dice_recipe

from renderer.catalog.library import open_library
from renderer.commands import derived, render
from renderer.commands.job import RECIPE, ResolvedJob
from renderer.commands.main import run
from renderer.dataset.card import SIZE_CLASSES, card
from renderer.dataset.identity import dataset_identity
from renderer.dataset.record import Record
from renderer.dataset.source import Split, open_source
from renderer.dataset.store import RUN, open_store
from renderer.dataset.tally import Tally
from renderer.errors import StoreError

KEYS = ["recipe=dice", f"camera.width_px={WIDTH_PX}", f"camera.height_px={HEIGHT_PX}"]
SHARDS = ["store=webdataset", "shard_frames=2"]
SHARDED = {"store": "webdataset", "shard_frames": 2}


def tree(root: Path) -> dict[str, bytes | None]:
    """A dataset; not the report of its last run."""
    return {name: content for name, content in everything_in(root).items() if name != RUN}


def commit(root: Path, *frames: int, **keys: object) -> None:
    """Frames as they lie before they are packed."""
    recipe = dice_recipe(**SMALL, **keys)
    store = open_store(str(root), dataset_identity(recipe, open_library(recipe)))
    for number in frames:
        frame = finished_frame(recipe, number)
        store.commit(frame.record, frame.image_png)


def finish(root: Path, frames: int, *keys: str) -> None:
    assert run(["render", *KEYS, *keys, f"frames={frames}", f"out={root}"]) == 0


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("files") / "dice"
    commit_frames(root, 0, 1, 2)
    finish(root, 3)
    return root


@pytest.fixture(scope="module")
def shards(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("shards") / "dice"
    commit(root, 0, 1, 2, **SHARDED)
    finish(root, 3, *SHARDS)
    return root


@pytest.fixture
def copy_of(shards, tmp_path) -> Path:
    """A copy of the shards, to be damaged."""
    return Path(shutil.copytree(shards, tmp_path / "dice"))


def manifest_of(root: Path) -> dict:
    content: dict = json.loads((root / "manifest.json").read_bytes())
    return content


def sha256_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def verify(root: Path, capsys) -> tuple[int, str]:
    before = tree(root)
    capsys.readouterr()
    status = run(["verify", str(root)])
    assert tree(root) == before, "verify wrote something"
    return status, capsys.readouterr().out


# manifest


def test_manifest_counts_what_the_records_have(files):
    records = [json.loads(path.read_bytes()) for path in sorted((files / "frames").iterdir())]
    counts = manifest_of(files)["counts"]
    assert counts["frames"] == 3
    assert counts["rejected"] == {}
    for name in "123456":
        instances = [i for record in records for i in record["instances"] if i["category"] == name]
        assert counts["instances"][name]["labelled"] == len(instances)
        assert counts["instances"][name]["annotated"] == sum(i["annotated"] for i in instances)


def test_manifest_has_the_checksum_of_each_file(files, shards):
    listed = manifest_of(files)["files"]
    assert set(listed) == {
        "README.md", "annotations.json", "dataset.json", "draws.jsonl", "preview.png", "recipe.yaml",
    }  # fmt: skip
    for name, entry in listed.items():
        assert entry == {"bytes": (files / name).stat().st_size, "sha256": sha256_of(files / name)}
    assert manifest_of(files)["identity_sha256"] == sha256_of(files / "dataset.json")
    assert "annotations.json" not in manifest_of(shards)["files"]
    assert [(shard["name"], shard["frames"]) for shard in manifest_of(shards)["shards"]] == [
        ("shards/000000.tar", 2),
        ("shards/000001.tar", 1),
    ]
    for shard in manifest_of(shards)["shards"]:
        assert shard["sha256"] == sha256_of(shards / shard["name"])
        assert shard["bytes"] == (shards / shard["name"]).stat().st_size


def test_hash_of_all_records_is_the_same_in_either_store(files, shards):
    lines = b"".join(
        f"{int(path.stem)} {sha256_of(path)}\n".encode() for path in sorted((files / "frames").iterdir())
    )
    assert manifest_of(files)["records_sha256"] == hashlib.sha256(lines).hexdigest()
    assert manifest_of(shards)["records_sha256"] == manifest_of(files)["records_sha256"]


@pytest.mark.parametrize("keys", [[], SHARDS])
def test_extended_dataset_equals_one_rendered_at_once_to_its_last_file(tmp_path, keys):
    stored = SHARDED if keys else {}
    commit(tmp_path / "once", 0, 1, 2, **stored)
    finish(tmp_path / "once", 3, *keys)
    commit(tmp_path / "twice", 0, **stored)
    finish(tmp_path / "twice", 1, *keys)
    if keys:
        commit(tmp_path / "twice", 2, 1, **stored)
    else:
        commit_frames(tmp_path / "twice", 2, 1)
    finish(tmp_path / "twice", 3, *keys)
    once, twice = tree(tmp_path / "once"), tree(tmp_path / "twice")
    assert sorted(once) == sorted(twice)
    assert [name for name in once if once[name] != twice[name]] == []


def test_manifest_is_written_last(tmp_path, monkeypatch):
    commit_frames(tmp_path / "dice", 0)
    written = []
    rename = Path.replace

    def replace(self, target):
        written.append(Path(target).name)
        return rename(self, target)

    monkeypatch.setattr(Path, "replace", replace)
    finish(tmp_path / "dice", 1)
    assert [name for name in written if name != "run.json"][-2:] == ["README.md", "manifest.json"]
    assert not (tmp_path / "dice" / ".lock").exists()


def test_each_record_is_read_once_for_all_that_follows_from_them(tmp_path, monkeypatch):
    commit_frames(tmp_path / "dice", 0, 1)
    recipe = dice_recipe(**SMALL, frames=2, out=str(tmp_path / "dice"))
    library = open_library(recipe)
    read = []
    read_bytes = Path.read_bytes

    def watched(self):
        read.append(self)
        return read_bytes(self)

    monkeypatch.setattr(Path, "read_bytes", watched)
    store = open_store(recipe.out, dataset_identity(recipe, library))
    derived.write_derived(store, ResolvedJob(settings=recipe, yaml="{}"), library)
    assert [path.name for path in read if path.parent.name == "frames"] == ["000000.json", "000001.json"]


# card


def test_card_begins_as_dataset_hubs_read_it(files):
    _, matter, text = (files / "README.md").read_text().split("---\n", 2)
    assert yaml.safe_load(matter) == {
        "pretty_name": "dice",
        "license": "other",
        "task_categories": ["object-detection"],
        "tags": ["synthetic", "blender", "gapless"],
        "size_categories": ["n<1K"],
    }
    assert text.strip().startswith("# dice\n")


def test_card_has_the_command_that_composes_the_same_recipe(files, tmp_path):
    text = (files / "README.md").read_text()
    command = text.split("```sh\n")[1].split("\n```")[0]
    assert shlex.split(command) == ["gapless", "render", *KEYS, "frames=3"]
    shutil.copytree(files, tmp_path / "again")
    assert run([*shlex.split(command)[1:], f"out={tmp_path / 'again'}"]) == 0
    assert tree(tmp_path / "again") == tree(files)


def test_command_leaves_out_where_and_by_whom_and_keeps_quotes(tmp_path, monkeypatch):
    jobs = []
    monkeypatch.setattr(render, "_work", lambda job: jobs.append(job) or 0)
    distribution = "objects.die.count=[integer, 1, 3]"
    places = ["execution.workers=2", "engine.device=cpu", f"out={tmp_path / 'x'}", "labels.device=cpu"]
    assert run(["render", "recipe=dice", *places, distribution, "surface.photo=0.5"]) == 0
    (job,) = jobs
    assert derived.command_of(job) == (f"gapless render recipe=dice '{distribution}' surface.photo=0.5")


@pytest.mark.parametrize("key", sorted(RECIPE.place_keys))
def test_keys_of_places_are_keys_of_the_recipe(key):
    node: object = dice_recipe()
    for name in key.split("."):
        node = getattr(node, name)


def test_card_names_the_licences_of_what_can_be_seen(files, tmp_path):
    text = (files / "README.md").read_text()
    assert "environment maps that come with Blender: CC0" in text
    assert "dice, solids, patterns" in text
    assert "DejaVu" not in text
    cards = cards_recipe(**SMALL)
    identity = dataset_identity(cards, open_library(cards)) | {"files": {"skies/mine.hdr": "0" * 64}}
    described = card(manifest_of(files), json.loads(json.dumps(identity, default=lambda v: v.value)))
    assert "DejaVu fonts" in described
    assert "STIX fonts (SIL Open Font License 1.1)" in described
    assert "whose licences are theirs to name here: `skies/mine.hdr`" in described


def test_size_classes_of_hubs_follow_one_another():
    bounds = [bound for bound, _ in SIZE_CLASSES]
    assert bounds == sorted(bounds)


def test_card_of_shards_says_how_to_read_them(shards):
    text = (shards / "README.md").read_text()
    assert "`shards/000000.tar` (WebDataset) has frames 0 to 1" in text
    assert "`gapless export` writes COCO" in text


# verify


def test_whole_dataset_of_shards_passes(shards, capsys):
    status, printed = verify(shards, capsys)
    assert status == 0, printed
    assert "3 frames checked" in printed


def test_lock_and_protocol_of_the_last_run_belong_to_no_frame_and_do_no_harm(copy_of, capsys):
    (copy_of / ".lock").write_text("x")
    (copy_of / "run.json").write_text("x")
    assert verify(copy_of, capsys)[0] == 0


def test_flipped_byte_of_an_image_in_a_tar_file_is_found(copy_of, capsys):
    path = copy_of / "shards/000000.tar"
    content = bytearray(path.read_bytes())
    content[content.index(b"IDAT") + 20] ^= 1
    path.write_bytes(content)
    status, printed = verify(copy_of, capsys)
    assert status == 1
    assert "frame 0: images/000000.png has other content than it was rendered with" in printed
    assert "next: delete shards/000000.tar, then run the gapless render command" in printed


def test_tar_file_cut_short_is_found(copy_of, capsys):
    path = copy_of / "shards/000000.tar"
    path.write_bytes(path.read_bytes()[:-5000])
    status, printed = verify(copy_of, capsys)
    assert status == 1
    assert "shards/000000.tar is no tar file of gapless, or damaged" in printed
    assert "next: restore the tar files that are named, or delete them" in printed


def test_missing_tar_file_is_found_by_the_manifest(copy_of, capsys):
    (copy_of / "shards/000001.tar").unlink()
    status, printed = verify(copy_of, capsys)
    assert status == 1
    assert "shards/000001.tar is missing" in printed


def test_header_that_was_changed_is_found_by_the_checksum(copy_of, capsys):
    path = copy_of / "shards/000001.tar"
    content = bytearray(path.read_bytes())
    content[-1] = 0
    content[345] = ord("x")  # the prefix of a name, and then the sum over the header
    content[148:156] = b"%06o\0 " % sum(content[:148] + b" " * 8 + content[156:512])
    path.write_bytes(content)
    status, printed = verify(copy_of, capsys)
    assert status == 1
    assert "shards/000001.tar" in printed


def test_frame_in_files_of_its_own_is_told_to_be_packed(copy_of, capsys):
    commit(copy_of, 5, **SHARDED)
    status, printed = verify(copy_of, capsys)
    assert status == 1
    assert "frame 5 is in files of its own: a run was stopped" in printed
    assert "next: run the gapless render command of this dataset again" in printed


def test_what_does_not_belong_into_a_store_of_shards_is_found(copy_of, capsys):
    (copy_of / "shards/notes.txt").write_text("x")
    (copy_of / "images").mkdir()
    (copy_of / "images/000001.png").write_bytes(b"x")
    (copy_of / "shards/.000001.tar.abc.part").write_bytes(b"x")
    status, printed = verify(copy_of, capsys)
    assert status == 1
    assert "shards/notes.txt belongs to no frame" in printed
    assert "images/000001.png belongs to no frame" in printed
    assert "shards/.000001.tar.abc.part is left from a run that was killed" in printed


@pytest.mark.parametrize("name", ["README.md", "manifest.json"])
def test_missing_manifest_or_card_is_found(copy_of, capsys, name):
    (copy_of / name).unlink()
    status, printed = verify(copy_of, capsys)
    assert status == 1
    assert f"{name} is missing" in printed


def test_edited_manifest_and_card_are_found_and_written_anew(copy_of, shards, capsys):
    text = (copy_of / "README.md").read_text()
    (copy_of / "README.md").write_text(text.replace("dice", "nice", 1))
    assert "README.md is not what manifest.json gives" in verify(copy_of, capsys)[1]
    manifest = manifest_of(copy_of)
    manifest["counts"]["frames"] += 1
    (copy_of / "manifest.json").write_text(json.dumps(manifest))
    assert "counts frames is 4 there and 3 here" in verify(copy_of, capsys)[1]
    finish(copy_of, 3, *SHARDS)
    assert tree(copy_of) == tree(shards)


def test_manifest_of_nonsense_is_found(copy_of, capsys):
    for content in ("", "[]", "{}", '{"files": 3}', "\x00"):
        (copy_of / "manifest.json").write_text(content)
        status, printed = verify(copy_of, capsys)
        assert status == 1
        assert "manifest.json is not what gapless wrote: it cannot be read" in printed


def test_picture_that_was_changed_is_found_by_the_manifest(copy_of, capsys):
    (copy_of / "preview.png").write_bytes(b"x")
    assert "files preview.png bytes is" in verify(copy_of, capsys)[1]


# source


@pytest.mark.parametrize("kind", ["files", "shards"])
def test_source_reads_either_store(request, files, kind):
    source = open_source(request.getfixturevalue(kind))
    assert source.frames() == [0, 1, 2]
    assert source.categories == ["1", "2", "3", "4", "5", "6"]
    assert source.scene_frames == 1
    assert source.recipe["seed"] == 0
    records: list[Record] = list(source.records([0, 2]))
    assert [record["frame"] for record in records] == [0, 2]
    name = records[1]["image"]["file"]
    assert source.read(name) == (files / name).read_bytes()
    assert (source.path(name) is None) == (kind == "shards")


def test_source_that_cannot_be_read_is_told_in_a_sentence(tmp_path, copy_of):
    with pytest.raises(StoreError, match="it is not there"):
        open_source(tmp_path / "nowhere")
    with pytest.raises(StoreError, match=r"it has no dataset.json"):
        open_source(tmp_path)
    source = open_source(copy_of)
    with pytest.raises(StoreError, match="gapless verify .* says what to do"):
        source.read("images/000009.png")
    with pytest.raises(StoreError, match="the record of frame 9 of"):
        list(source.records([9]))
    (copy_of / "manifest.json").write_text("{")
    with pytest.raises(StoreError, match=r"dataset.json or manifest.json of .* cannot be read"):
        open_source(copy_of)
    (copy_of / "manifest.json").unlink()
    with pytest.raises(StoreError, match="its rendering was not finished"):
        open_source(copy_of)


# split


@given(st.integers(0, 10**9), st.floats(0, 1), st.integers(0, 2**63 - 1))
def test_side_of_a_scene_depends_on_seed_and_number_and_stays_when_the_share_grows(scene, share, seed):
    side = Split(val_share=share, seed=seed).of(scene)
    assert side == Split(val_share=share, seed=seed).of(scene)
    if side == "val":
        assert Split(val_share=min(1.0, share + 0.1), seed=seed).of(scene) == "val"
    assert Split(val_share=0.0, seed=seed).of(scene) == "train"
    assert Split(val_share=1.0, seed=seed).of(scene) == "val"


@pytest.mark.parametrize("share", [0.05, 0.2, 0.5])
def test_share_of_scenes_for_validation_is_the_one_asked_for(share):
    number = 20000
    found = sum(Split(val_share=share, seed=3).of(scene) == "val" for scene in range(number)) / number
    assert abs(found - share) < 4 * (share * (1 - share) / number) ** 0.5  # four standard deviations


def test_seed_draws_other_scenes():
    sides = [[Split(val_share=0.5, seed=seed).of(scene) for scene in range(64)] for seed in range(4)]
    assert len({tuple(side) for side in sides}) == 4


def test_tally_of_nothing_lists_every_category():
    assert Tally().counts(["a"])["instances"] == {"a": {"labelled": 0, "annotated": 0, "ignored": 0}}
