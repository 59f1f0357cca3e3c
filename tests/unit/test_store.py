"""The store tells the truth: a frame is there when its record is, and nothing is ever half there."""

import contextlib
import errno
import json
import os
import resource
import sys
from pathlib import Path

import pytest
from unit.frames import record_of, rejected_of, tree

from renderer.dataset.store import Store, open_store
from renderer.errors import StoreError
from renderer.files import atomic_file, check_writable, write_bytes, write_json

IDENTITY = {
    "recipe": {"seed": 0, "camera.tilt_deg": ["Uniform", {"high": 35, "low": 0}]},
    "versions": {"bpy": "4"},
}
PNG = b"a picture of a die, pretend" * 100


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "data" / "dice"


@pytest.fixture
def store(out: Path) -> Store:
    return open_store(str(out), IDENTITY)


def sentence(error: BaseException) -> str:
    """What the user reads: one line, without a full stop or a traceback in it."""
    text = str(error)
    assert "\n" not in text
    assert not text.endswith(".")
    return text


def disk_full(*_arguments, **_keywords):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def refuse_renaming_into(monkeypatch, folder: str, error: BaseException) -> None:
    """Renaming works everywhere but in one folder."""
    rename = Path.replace

    def replace(self, target):
        if Path(target).parent.name == folder:
            raise error
        return rename(self, target)

    monkeypatch.setattr(Path, "replace", replace)


# opening


def test_opening_a_store_writes_nothing(tmp_path, store):
    assert list(tmp_path.iterdir()) == []
    assert not store.has(0)
    assert list(store.records()) == []


def test_opening_an_empty_folder_writes_nothing(tmp_path):
    open_store(str(tmp_path), IDENTITY)
    assert list(tmp_path.iterdir()) == []


def test_folder_with_other_files_is_refused_and_left_alone(tmp_path):
    (tmp_path / "thesis.tex").write_text("years of work")
    before = tree(tmp_path)
    with pytest.raises(StoreError, match="holds other files; choose another out") as caught:
        open_store(str(tmp_path), IDENTITY)
    sentence(caught.value)
    assert tree(tmp_path) == before


def test_folder_with_a_broken_identity_is_refused(tmp_path):
    (tmp_path / "dataset.json").write_text('{"recipe": {"se')
    with pytest.raises(StoreError, match="holds other files"):
        open_store(str(tmp_path), IDENTITY)


def test_file_in_place_of_the_folder_is_refused(tmp_path):
    (tmp_path / "out").write_text("")
    with pytest.raises(StoreError, match="out' cannot be written .*a file, not a folder") as caught:
        open_store(str(tmp_path / "out"), IDENTITY)
    sentence(caught.value)


@pytest.mark.parametrize("mode", [0o644, 0o755])
def test_folder_below_a_file_is_refused_with_the_reason(tmp_path, mode):
    (tmp_path / "file").write_text("")
    (tmp_path / "file").chmod(mode)
    with pytest.raises(StoreError, match="file: a file, not a folder"):
        open_store(str(tmp_path / "file" / "deep" / "out"), IDENTITY)


def test_folder_with_a_name_too_long_for_the_disk_is_refused(tmp_path):
    with pytest.raises(StoreError, match="File name too long") as caught:
        open_store(str(tmp_path / ("x" * 300)), IDENTITY)
    sentence(caught.value)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_read_only_parent_is_refused(tmp_path):
    tmp_path.chmod(0o555)
    with pytest.raises(StoreError, match="permission denied"):
        open_store(str(tmp_path / "out"), IDENTITY)


def test_home_folder_may_be_written_as_a_tilde(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert open_store("~/dice", IDENTITY).root == tmp_path / "dice"


def test_store_is_continued_under_the_same_identity(out, store):
    store.commit(record_of(0, image_png=PNG), PNG)
    assert open_store(str(out), json.loads(json.dumps(IDENTITY))).has(0)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"recipe": {**IDENTITY["recipe"], "seed": 1}}, "recipe seed is 0 there and 1 here"),
        ({"recipe": {"seed": 0, "camera.tilt_deg": 3}}, "recipe camera.tilt_deg is"),
        ({"versions": {"bpy": "5"}}, "versions bpy is 4 there and 5 here"),
        ({"versions": {"bpy": "4", "torch": "2"}}, "versions torch is None there and 2 here"),
    ],
)
def test_other_identity_is_refused_by_the_name_of_what_differs(out, store, change, named):
    store.commit(record_of(0, image_png=PNG), PNG)
    before = tree(out)
    with pytest.raises(StoreError, match="holds another dataset") as caught:
        open_store(str(out), IDENTITY | change)
    assert named in sentence(caught.value)
    assert tree(out) == before


def test_folder_with_a_dry_run_only_is_free(out):
    write_json(out / "dry_run" / "factors.json", {})
    open_store(str(out), IDENTITY | {"versions": {}})


def test_folder_of_a_run_that_was_killed_in_its_first_commit_is_free(out, store):
    out.mkdir(parents=True)
    (out / ".dataset.json.k2j3h4.part").write_text('{"reci')
    reopened = open_store(str(out), IDENTITY)
    reopened.commit(record_of(0, image_png=PNG), PNG)
    assert open_store(str(out), IDENTITY).has(0)


def test_checking_that_a_folder_can_be_written_leaves_no_trace(tmp_path):
    (tmp_path / "there").mkdir()
    before = tree(tmp_path)
    for name in ("there", "not/yet/there"):
        check_writable(tmp_path / name)
    assert tree(tmp_path) == before


# committing


def test_committed_frame_is_there(out, store):
    store.commit(record_of(7, image_png=PNG), PNG)
    assert store.has(7)
    assert not store.has(6)
    assert sorted(tree(out)) == [
        "dataset.json", "frames", "frames/000007.json", "images", "images/000007.png",
    ]  # fmt: skip
    assert (out / "images/000007.png").read_bytes() == PNG
    assert list(store.records()) == [record_of(7, image_png=PNG)]


def test_rejected_frame_is_there_for_good_without_an_image(out, store):
    store.commit(rejected_of(3), None)
    assert store.has(3)
    assert not (out / "images").exists()


def test_record_without_its_image_is_no_frame(out, store):
    store.commit(record_of(0, image_png=PNG), PNG)
    (out / "images/000000.png").unlink()
    assert not store.has(0)


@pytest.mark.parametrize("kept", [0, 1, len(PNG) - 1])
def test_record_with_a_truncated_image_is_no_frame(out, store, kept):
    store.commit(record_of(0, image_png=PNG), PNG)
    (out / "images/000000.png").write_bytes(PNG[:kept])
    assert not store.has(0)


@pytest.mark.parametrize("share", [0, 0.3, 0.9])
def test_half_a_record_is_no_frame(store, share):
    store.commit(record_of(0, image_png=PNG), PNG)
    whole = store.record_path(0).read_bytes()
    store.record_path(0).write_bytes(whole[: int(share * len(whole))])
    assert not store.has(0)


def test_image_without_its_record_is_no_frame(out, store):
    write_bytes(out / "images/000000.png", PNG)
    assert not store.has(0)


def test_identity_is_written_first_and_the_record_last(monkeypatch, store):
    written = []
    rename = Path.replace

    def replace(self, target):
        written.append(Path(target).name)
        return rename(self, target)

    monkeypatch.setattr(Path, "replace", replace)
    store.commit(record_of(0, image_png=PNG), PNG)
    store.commit(record_of(1, image_png=PNG), PNG)
    assert written == ["dataset.json", "000000.png", "000000.json", "000001.png", "000001.json"]


@pytest.mark.parametrize("error", [OSError(errno.EIO, "Input/output error"), KeyboardInterrupt()])
def test_commit_broken_between_image_and_record_is_repaired_by_the_next(out, store, monkeypatch, error):
    with monkeypatch.context() as broken:
        refuse_renaming_into(broken, "frames", error)
        with pytest.raises((StoreError, KeyboardInterrupt)):
            store.commit(record_of(0, image_png=PNG), PNG)
    assert (out / "images/000000.png").exists()
    assert not store.has(0)
    again = open_store(str(out), IDENTITY)
    again.commit(record_of(0, image_png=PNG), PNG)
    assert again.has(0)


def test_dataset_of_broken_runs_equals_that_of_an_unbroken_one(tmp_path, monkeypatch):
    unbroken, broken = str(tmp_path / "unbroken"), str(tmp_path / "broken")
    for record, png in [(record_of(0, image_png=PNG), PNG), (rejected_of(1), None)]:
        open_store(unbroken, IDENTITY).commit(record, png)
        for folder in ("broken", "images", "frames"):  # where dataset.json, images and records are renamed to
            with monkeypatch.context() as failing, contextlib.suppress(KeyboardInterrupt):
                refuse_renaming_into(failing, folder, KeyboardInterrupt())
                open_store(broken, IDENTITY).commit(record, png)
        open_store(broken, IDENTITY).commit(record, png)
    assert tree(tmp_path / "broken") == tree(tmp_path / "unbroken")


def test_committing_a_frame_again_changes_no_byte(out, store):
    store.commit(record_of(0, image_png=PNG), PNG)
    before = tree(out)
    store.commit(record_of(0, image_png=PNG), PNG)
    assert tree(out) == before


# full disks


def test_full_disk_is_one_sentence_and_leaves_nothing_behind(out, store, monkeypatch):
    monkeypatch.setattr(os, "fsync", disk_full)
    with pytest.raises(StoreError, match="No space left on device.*free some space") as caught:
        store.commit(record_of(0, image_png=PNG), PNG)
    sentence(caught.value)
    assert [path for path in out.rglob("*") if path.is_file()] == []
    assert not store.has(0)


def test_full_disk_after_some_frames_leaves_those_whole(out, store, monkeypatch):
    store.commit(record_of(0, image_png=PNG), PNG)
    before = tree(out)
    with monkeypatch.context() as full:
        full.setattr(os, "fsync", disk_full)
        with pytest.raises(StoreError):
            store.commit(record_of(1, image_png=PNG), PNG)
    assert tree(out) == before
    store.commit(record_of(1, image_png=PNG), PNG)
    assert store.has(0)
    assert store.has(1)


@pytest.mark.skipif(sys.platform != "linux", reason="relies on how Linux limits the size of files")
def test_write_that_the_system_cuts_short_leaves_nothing_behind(tmp_path):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.raises(StoreError, match="File too large"):
            write_bytes(tmp_path / "image.png", bytes(5000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert list(tmp_path.iterdir()) == []


def test_file_that_could_not_be_written_anew_keeps_its_old_content(tmp_path, monkeypatch):
    write_bytes(tmp_path / "annotations.json", b"old")
    monkeypatch.setattr(os, "fsync", disk_full)
    with pytest.raises(StoreError):
        write_bytes(tmp_path / "annotations.json", b"new")
    assert tree(tmp_path) == {"annotations.json": b"old"}


def test_error_while_writing_keeps_the_old_file_and_no_other(tmp_path):
    write_bytes(tmp_path / "draws.jsonl", b"old")

    def stream_then_fail():
        with atomic_file(tmp_path / "draws.jsonl") as file:
            file.write(b"half of the new")
            raise ValueError("a broken record")

    with pytest.raises(ValueError, match="a broken record"):
        stream_then_fail()
    assert tree(tmp_path) == {"draws.jsonl": b"old"}


def test_file_is_not_seen_under_its_name_before_it_is_whole(tmp_path):
    with atomic_file(tmp_path / "image.png") as file:
        file.write(b"first half")
        file.flush()
        assert not (tmp_path / "image.png").exists()
    assert (tmp_path / "image.png").read_bytes() == b"first half"


# reading


def test_records_come_in_the_order_of_their_frames_beyond_six_digits(store):
    frames = [1_000_000, 5, 999_999, 10_000_000, 0]
    for frame in frames:
        store.commit(rejected_of(frame), None)
    assert [record["frame"] for record in store.records()] == sorted(frames)


def test_temporary_files_of_killed_runs_are_no_records(store):
    store.commit(rejected_of(0), None)
    store.record_path(1).with_name(".000001.json.a1b2.part").write_text('{"fra')
    assert [record["frame"] for record in store.records()] == [0]


def test_bytes_of_a_record_do_not_depend_on_the_order_of_its_keys(tmp_path):
    record = record_of(0)
    for name, content in (("a", record), ("b", dict(reversed(record.items())))):
        write_json(tmp_path / name, content)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
