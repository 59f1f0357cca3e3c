"""WebDataset shards: whoever is killed at whatever file operation, the dataset ends as if nobody had been."""

import contextlib
import gc
import hashlib
import io
import json
import os
import pickle
import tarfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
import webdataset
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image
from unit.frames import HEIGHT_PX, WIDTH_PX, record_of, rejected_of, tree

from renderer.commands.packing import packing
from renderer.dataset.archive import archive_sha256, read_index, whole_file, write_archive
from renderer.dataset.lock import locked
from renderer.dataset.record import map_name
from renderer.dataset.shards import ShardStore, member_name
from renderer.dataset.store import open_store
from renderer.errors import StoreError

SHARD_FRAMES = 4
REJECTED = frozenset({2, 7})
IDENTITY = {
    "recipe": {"seed": 0},
    "versions": {},
    "store": {"kind": "webdataset", "shard_frames": SHARD_FRAMES},
}


class Killed(BaseException):
    """The process is dead: nothing of it runs any more, `finally` neither."""


@contextlib.contextmanager
def killed_at(operation: int) -> Iterator[None]:
    """The process dies at its n-th file operation; from then on none of them does anything."""
    left = [operation]
    names = ("replace", "unlink", "fsync", "rmdir")

    def dying(true):
        def call(*arguments, **keywords):
            left[0] -= 1
            if left[0] < 0:
                raise Killed
            return true(*arguments, **keywords)

        return call

    with pytest.MonkeyPatch.context() as patched:
        for name in names:
            patched.setattr(os, name, dying(getattr(os, name)))
        with contextlib.suppress(Killed):
            yield


def png_of(frame: int) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (WIDTH_PX, HEIGHT_PX), (frame, 2 * frame, 0)).save(file, "png")
    return file.getvalue()


def depth_of(frame: int) -> bytes:
    return b"depth" * (frame + 1)


def commit(store: ShardStore, frame: int) -> None:
    if frame in REJECTED:
        store.commit(rejected_of(frame), None)
        return
    record, depth = record_of(frame, image_png=png_of(frame)), depth_of(frame)
    record["maps"] = {"depth": {"file": map_name("depth", frame), "bytes": len(depth)}}
    store.commit(record, png_of(frame), {"depth": depth})


def store_at(root: Path) -> ShardStore:
    store = open_store(str(root), IDENTITY)
    assert isinstance(store, ShardStore)
    return store


def render(root: Path, frames: Iterable[int]) -> None:
    """What a run does with a store."""
    store = store_at(root)
    with locked(store.root):
        store.sweep()
        missing = [frame for frame in frames if not store.has(frame)]
        full_shard = store.packer(missing)
        for frame in missing:
            commit(store, frame)
            if (pack := full_shard(frame)) is not None:
                pack()
        store.pack_all()


def differing(root: Path, whole: dict[str, bytes | None]) -> list[str]:
    there = tree(root)
    return sorted(name for name in {*there, *whole} if there.get(name, 0) != whole.get(name, 0))


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> dict[str, bytes | None]:
    """A dataset of ten frames that was rendered at once."""
    root = tmp_path_factory.mktemp("whole") / "data"
    render(root, range(10))
    return tree(root)


def test_frames_of_a_run_end_in_tar_files_and_nowhere_else(whole):
    assert sorted(whole) == [
        "dataset.json", "shards", "shards/000000.tar", "shards/000001.tar", "shards/000002.tar",
    ]  # fmt: skip


def test_full_shard_is_packed_while_others_are_rendered(tmp_path):
    store = store_at(tmp_path)
    with packing(store, range(6)) as done:
        for frame in (4, 0, 1, 5, 2):
            commit(store, frame)
            done(frame)
    assert [path.name for path in (tmp_path / "shards").iterdir()] == ["000001.tar"]
    with packing(store, [3]) as done:
        commit(store, 3)
        done(3)
    assert sorted(path.name for path in (tmp_path / "shards").iterdir()) == ["000000.tar", "000001.tar"]
    assert list((tmp_path / "frames").iterdir()) == []


def test_shard_that_cannot_be_packed_stops_the_run_and_loses_nothing(tmp_path):
    store = store_at(tmp_path)
    (tmp_path / "shards" / "000000.tar").mkdir(parents=True)

    def run() -> None:
        with packing(store, range(3)) as done:
            for frame in range(3):
                commit(store, frame)
                done(frame)

    with pytest.raises(StoreError, match="000000.tar"):
        run()
    (tmp_path / "shards" / "000000.tar").rmdir()
    assert store.frames() == [0, 1, 2]


def test_headers_of_a_tar_file_tell_nothing_of_who_wrote_it_and_when(tmp_path):
    render(tmp_path, range(3))
    with tarfile.open(tmp_path / "shards/000000.tar") as tar:
        members = tar.getmembers()
    assert [member.name for member in members] == [
        "000000.depth.exr", "000000.json", "000000.png",
        "000001.depth.exr", "000001.json", "000001.png", "000002.json",
    ]  # fmt: skip
    for member in members:
        assert (member.mtime, member.uid, member.gid, member.uname, member.gname) == (0, 0, 0, "", "")
        assert member.mode == 0o644


@pytest.mark.filterwarnings("ignore::ResourceWarning")  # it closes no file
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_webdataset_reads_each_frame_once_with_its_image_and_record(tmp_path):
    render(tmp_path, range(10))
    names = [str(path) for path in sorted((tmp_path / "shards").iterdir())]
    read = list(webdataset.WebDataset(names, shardshuffle=False).decode("pil"))
    assert [sample["__key__"] for sample in read] == [f"{frame:06d}" for frame in range(10)]
    for frame, sample in enumerate(read):
        assert sample["json"]["frame"] == frame
        assert ("png" in sample) == (frame not in REJECTED)
        if frame not in REJECTED:
            assert sample["png"].getpixel((0, 0)) == (frame, 2 * frame, 0)
            assert sample["depth.exr"] == depth_of(frame)
    gc.collect()  # while the warnings are ignored


@settings(max_examples=40)
@given(st.lists(st.integers(0, 160), max_size=4))
@example([0])
@example([1, 1, 1])
def test_dataset_of_killed_runs_equals_that_of_an_unbroken_one(tmp_path_factory, request, kills):
    whole = request.getfixturevalue("whole")  # not an argument: a failure would print all of it
    root = tmp_path_factory.mktemp("killed") / "data"
    for operation in kills:
        before = set(store_at(root).frames())
        with killed_at(operation):
            render(root, range(10))
        assert before <= set(store_at(root).frames()), "a frame was lost"
    render(root, range(10))
    assert differing(root, whole) == []


def test_kill_at_each_operation_of_packing_loses_no_frame(tmp_path_factory, whole):
    operation, killed = 0, True
    while killed:
        root = tmp_path_factory.mktemp("packing") / "data"
        store = store_at(root)
        for frame in range(10):
            commit(store, frame)
        killed = False
        with killed_at(operation):
            killed = True
            store.pack_all()
            killed = False
        reopened = store_at(root)
        assert reopened.frames() == list(range(10))
        assert [record["frame"] for record in reopened.records()] == list(range(10))
        assert all(reopened.has(frame) for frame in range(10))
        assert reopened.read("images/000005.png") == png_of(5)
        render(root, range(10))
        assert differing(root, whole) == []
        operation += 1
    assert operation > 20


@pytest.mark.parametrize("parts", [[5, 10], [1, 2, 3, 10], [4, 8, 10], [10, 10]])
def test_extended_dataset_equals_one_rendered_at_once(tmp_path, whole, parts):
    for frames in parts:
        render(tmp_path / "data", range(frames))
    assert differing(tmp_path / "data", whole) == []


def test_single_frame_is_alone_in_its_shard_and_others_join_it(tmp_path, whole):
    render(tmp_path / "data", [5])
    assert store_at(tmp_path / "data").frames() == [5]
    render(tmp_path / "data", range(10))
    assert differing(tmp_path / "data", whole) == []


def test_packed_frame_is_read_like_one_in_files(tmp_path):
    store = store_at(tmp_path)
    commit(store, 1)
    loose = [store.read(name) for name in ("frames/000001.json", "images/000001.png", "depth/000001.exr")]
    assert store.path("images/000001.png") == tmp_path / "images/000001.png"
    store.pack_all()
    packed = [store.read(name) for name in ("frames/000001.json", "images/000001.png", "depth/000001.exr")]
    assert packed == loose
    assert store.path("images/000001.png") is None
    for name in ("images/000002.png", "images/000001.exr", "notes.txt"):
        with pytest.raises(FileNotFoundError):
            store.read(name)


def test_store_is_the_same_in_another_process(tmp_path):
    render(tmp_path, range(3))
    assert pickle.loads(pickle.dumps(store_at(tmp_path))).has(1)


def test_frame_that_is_half_there_is_not_packed(tmp_path):
    store = store_at(tmp_path)
    commit(store, 0)
    commit(store, 1)
    (tmp_path / "images/000001.png").write_bytes(b"half")
    store.pack_all()
    assert store.has(0)
    assert not store.has(1)
    render(tmp_path, range(2))
    assert store.has(1)
    assert not (tmp_path / "images").exists()


def truncated(path: Path, share: float) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])


@pytest.mark.parametrize("share", [0.0, 0.05, 0.3, 0.5, 0.9, 0.999])
def test_tar_file_cut_short_is_refused_by_its_name_and_left_alone(tmp_path, share):
    render(tmp_path, range(4))
    path = tmp_path / "shards/000000.tar"
    truncated(path, share)
    before = tree(tmp_path)
    with pytest.raises(
        StoreError, match=r"shards/000000.tar is no tar file of gapless, or damaged"
    ) as caught:
        store_at(tmp_path).has(1)
    assert "\n" not in str(caught.value)
    with pytest.raises(StoreError, match="or delete it and run the same command again"):
        render(tmp_path, range(4))
    assert tree(tmp_path) == before


def test_tar_file_of_someone_else_is_refused(tmp_path):
    render(tmp_path, range(2))
    note = tmp_path / "thesis.tex"
    note.write_text("years of work")
    reasons = {tarfile.USTAR_FORMAT: "thesis.tex does not belong there", tarfile.PAX_FORMAT: "is no file"}
    for form, reason in reasons.items():
        with tarfile.open(tmp_path / "shards/000000.tar", "w", format=form) as tar:
            tar.add(note, "thesis.tex")
        with pytest.raises(StoreError, match=reason):
            store_at(tmp_path).has(1)
    (tmp_path / "shards/000000.tar").write_bytes(b"years of work " * 1000)
    with pytest.raises(StoreError, match="a header cannot be read"):
        store_at(tmp_path).has(1)


def test_tar_file_in_the_place_of_another_is_refused(tmp_path):
    render(tmp_path, range(8))
    (tmp_path / "shards/000001.tar").rename(tmp_path / "shards/000000.tar")
    with pytest.raises(StoreError, match="000004.depth.exr does not belong there"):
        store_at(tmp_path).has(0)


def test_deleted_tar_file_is_rendered_anew(tmp_path, whole):
    render(tmp_path / "data", range(10))
    (tmp_path / "data/shards/000001.tar").unlink()
    render(tmp_path / "data", range(10))
    assert differing(tmp_path / "data", whole) == []


def test_tar_file_that_was_replaced_is_read_anew(tmp_path):
    """Its members are remembered, but not those of the file that had its name before."""
    store = store_at(tmp_path)
    for frame in range(4):
        commit(store, frame)
        store.pack_all()
        assert [number for number in range(4) if store.has(number)] == list(range(frame + 1))


@given(st.lists(st.binary(max_size=3000), min_size=1, max_size=6))
def test_members_of_an_archive_are_what_was_put_in(tmp_path_factory, contents):
    folder = tmp_path_factory.mktemp("archive")
    for number, content in enumerate(contents):
        (folder / str(number)).write_bytes(content)
    numbers = range(len(contents))
    write_archive(
        folder / "a.tar", [whole_file(f"{number:06d}.bin", folder / str(number)) for number in numbers]
    )
    assert [span.read() for span in read_index(folder / "a.tar", numbers).values()] == contents
    write_archive(folder / "b.tar", read_index(folder / "a.tar", numbers).values())
    assert (folder / "a.tar").read_bytes() == (folder / "b.tar").read_bytes()
    with tarfile.open(folder / "a.tar") as tar:
        assert [tar.extractfile(member).read() for member in tar] == contents
    assert archive_sha256(folder / "b.tar") == hashlib.sha256((folder / "a.tar").read_bytes()).hexdigest()


@pytest.mark.parametrize(
    ("name", "member"),
    [
        ("frames/000005.json", "000005.json"),
        ("images/1000000.png", "1000000.png"),
        ("depth/000005.exr", "000005.depth.exr"),
        ("instances/000005.png", "000005.instances.png"),
    ],
)
def test_names_in_tar_files_are_those_of_webdataset(name, member):
    assert member_name(name) == member


# other kinds of store


def test_dataset_of_files_is_no_dataset_of_shards_and_the_other_way_round(tmp_path):
    of_files = {key: value for key, value in IDENTITY.items() if key != "store"}
    render(tmp_path / "shards", range(2))
    open_store(str(tmp_path / "files"), of_files).commit(rejected_of(0), None)
    before = tree(tmp_path)
    with pytest.raises(StoreError, match=r"tar files with 4 frames each, not of files .*shard_frames=4, or"):
        open_store(str(tmp_path / "shards"), of_files)
    with pytest.raises(
        StoreError, match=r"files of their own, not of tar files .* add store=files, or choose"
    ):
        open_store(str(tmp_path / "files"), IDENTITY)
    assert tree(tmp_path) == before


def test_dataset_of_smaller_shards_is_refused(tmp_path):
    render(tmp_path, range(2))
    other = IDENTITY | {"store": {"kind": "webdataset", "shard_frames": 8}}
    with pytest.raises(StoreError, match="tar files with 4 frames each, not of tar files with 8"):
        open_store(str(tmp_path), other)
    assert json.loads((tmp_path / "dataset.json").read_bytes()) == IDENTITY
