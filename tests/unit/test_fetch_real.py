"""Fetching published sets: whole files with the right sha256 or none, and the COCO jsons made of them."""

import contextlib
import hashlib
import http.server
import io
import json
import re
import threading
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from tensorboard.summary.writer.record_writer import RecordWriter
from unit.scripts import load_script
from unit.test_tfrecord import serialized

from renderer.errors import DataError, InfrastructureError
from train_eval.data import fetching
from train_eval.data.fetching import (
    check_files,
    convert,
    default_data_dir,
    fetch_file,
    fetch_files,
    file_url,
    open_https,
    published_set,
)
from train_eval.data.sets import open_set


@pytest.fixture(scope="module")
def script():
    return load_script("fetch_real")


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def photo(seed: int) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (40, 20), (seed, 90, 90)).save(file, "JPEG")
    return file.getvalue()


def voc_xml(name: str, xmin: int = 4) -> bytes:
    corners = f"<xmin>{xmin}</xmin><ymin>2</ymin><xmax>20</xmax><ymax>15</ymax>"
    return f"<a><object><name>{name}</name><bndbox>{corners}</bndbox></object></a>".encode()


def record(number: int) -> bytes:
    corners = {
        f"image/object/bbox/{k}": [v]
        for k, v in zip(("xmin", "ymin", "xmax", "ymax"), (0.0, 0.0, 0.5, 1.0), strict=True)
    }
    return serialized(
        corners
        | {
            "image/encoded": [photo(number)],
            "image/filename": [f"{number}.jpg".encode()],
            "image/width": [40],
            "image/height": [20],
            "image/object/class/text": [b"two"],
        }
    )


def tfrecord(*numbers: int) -> bytes:
    file = io.BytesIO()
    writer = RecordWriter(file)
    for number in numbers:
        writer.write(record(number))
    return file.getvalue()


CARD_FILES = {
    "images/train/b.jpg": ("train", photo(1)),
    "images/train/b.xml": ("train", voc_xml("king")),
    "images/train/a b.jpg": ("val", photo(2)),
    "images/train/a b.xml": ("val", voc_xml("ace")),
}
DICE_FILES = {
    "records/train.record": ("", tfrecord(1, 2, 3)),
    "records/test.record": ("test", tfrecord(4)),
}


def write_sources(path: Path) -> Path:
    """A sources.json of two small sets."""

    def facts(name: str, files: dict, **more: Any) -> dict[str, Any]:
        listed = {
            p: {"sha256": sha256(content)} | ({"split": split} if split else {})
            for p, (split, content) in files.items()
        }
        return {
            "repository": f"https://github.com/somebody/{name}", "commit": "0123456789abcdef",
            "licence": "MIT", "files": listed,
        } | more  # fmt: skip

    cards = facts("cards", CARD_FILES, format="voc", categories=["king", "ace"], category_map={}, images={})
    dice = facts(
        "dice", DICE_FILES, format="tfrecord", categories=["1", "2"],
        category_map={"one": "1", "two": "2"}, images={"train": ["3.jpg", "1.jpg"], "val": ["2.jpg"]},
    )  # fmt: skip
    path.write_text(json.dumps({"cards": cards, "dice": dice}))
    return path


def write_files(folder: Path, files: dict) -> Path:
    for path, (_, content) in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    return folder


@pytest.fixture
def sources(tmp_path):
    return write_sources(tmp_path / "sources.json")


class Web:
    """A web of fixed files; remembers what was asked for."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files, self.asked = files, []

    def __call__(self, url: str) -> Any:
        self.asked.append(url)
        if url not in self.files:
            raise urllib.error.HTTPError(url, 404, "Not Found", None, None)
        return contextlib.closing(io.BytesIO(self.files[url]))


def web_of(published, files: dict) -> Web:
    return Web({file_url(published, file): files[file.path][1] for file in published.files})


# one file


def test_file_is_fetched_whole(tmp_path):
    fetch_file("https://x/a", sha256(b"abc"), tmp_path / "sub" / "a", Web({"https://x/a": b"abc"}))
    assert (tmp_path / "sub" / "a").read_bytes() == b"abc"


def test_file_that_is_there_is_not_fetched_again(tmp_path):
    (tmp_path / "a").write_bytes(b"abc")
    web = Web({})
    fetch_file("https://x/a", sha256(b"abc"), tmp_path / "a", web)
    assert web.asked == []


def test_damaged_file_is_fetched_again(tmp_path):
    (tmp_path / "a").write_bytes(b"ab")
    fetch_file("https://x/a", sha256(b"abc"), tmp_path / "a", Web({"https://x/a": b"abc"}))
    assert (tmp_path / "a").read_bytes() == b"abc"


def test_file_with_another_sha256_is_refused_and_not_kept(tmp_path):
    with pytest.raises(DataError, match="https://x/a has the sha256 .*, expected "):
        fetch_file("https://x/a", sha256(b"abc"), tmp_path / "a", Web({"https://x/a": b"abx"}))
    assert list(tmp_path.iterdir()) == []


def test_endless_file_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(fetching, "MAX_FILE_BYTES", 2)
    with pytest.raises(DataError, match="longer than 2 bytes"):
        fetch_file("https://x/a", sha256(b"abc"), tmp_path / "a", Web({"https://x/a": b"abc"}))
    assert list(tmp_path.iterdir()) == []


def test_network_that_fails_is_no_fault_of_the_user(tmp_path):
    with pytest.raises(
        InfrastructureError, match="https://x/a cannot be fetched .*Not Found.*; run the same command"
    ):
        fetch_file("https://x/a", sha256(b"abc"), tmp_path / "a", Web({}))
    assert list(tmp_path.iterdir()) == []


def test_connection_that_breaks_in_the_middle_leaves_nothing(tmp_path):
    class Breaking(io.BytesIO):
        def read(self, _size=-1):
            if self.tell():
                raise ConnectionResetError("reset by peer")
            return super().read(2)

    with pytest.raises(InfrastructureError, match="reset by peer"):
        fetch_file("https://x/a", sha256(b"abc"), tmp_path / "a", lambda _: Breaking(b"abc"))
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def local_server():
    """A plain server on this machine, and the paths it was asked for."""
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(200)
            self.send_header("Content-Length", "3")
            self.end_headers()
            self.wfile.write(b"abc")

        def log_message(self, *_arguments):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()
        thread.join()


def test_file_comes_from_a_real_server(tmp_path, local_server):
    url, asked = local_server
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    fetch_file(f"{url}/a", sha256(b"abc"), tmp_path / "a", lambda u: opener.open(u, timeout=10))
    assert (tmp_path / "a").read_bytes() == b"abc"
    assert asked == ["/a"]


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_nothing_but_https_is_opened(tmp_path, local_server, scheme):
    url, asked = local_server
    (tmp_path / "b").write_bytes(b"abc")
    url = f"{url}/a" if scheme == "http" else f"file://{tmp_path}/b"
    with pytest.raises(InfrastructureError, match=f"unknown url type: {scheme}"):
        fetch_file(url, sha256(b"abc"), tmp_path / "a", open_https)
    assert asked == []


# whole sets


def test_all_files_are_fetched_and_the_second_time_none(tmp_path, sources):
    published = published_set("cards", sources)
    web, seen = web_of(published, CARD_FILES), []
    fetch_files(published, tmp_path / "raw", web, lambda done, count: seen.append((done, count)))
    check_files(published, tmp_path / "raw")
    assert seen == [(n, 4) for n in range(1, 5)]
    assert (
        "https://raw.githubusercontent.com/somebody/cards/0123456789abcdef/images/train/a%20b.jpg"
        in web.asked
    )
    again = Web({})
    fetch_files(published, tmp_path / "raw", again)
    assert again.asked == []


def test_interrupted_fetch_is_finished_by_the_next(tmp_path, sources):
    published = published_set("cards", sources)
    web = web_of(published, CARD_FILES)
    lost = file_url(published, published.files[-1])
    content = web.files.pop(lost)
    with pytest.raises(InfrastructureError):
        fetch_files(published, tmp_path / "raw", web)
    web.files[lost] = content
    fetch_files(published, tmp_path / "raw", web)
    check_files(published, tmp_path / "raw")
    assert len(web.asked) == len(published.files) + 1


def test_voc_files_become_a_coco_json_for_each_split(tmp_path, sources):
    published = published_set("cards", sources)
    raw = write_files(tmp_path / "raw", CARD_FILES)
    assert convert(published, raw, tmp_path / "out") == [
        tmp_path / "out" / f"{s}.json" for s in ("train", "val")
    ]
    for split, name, label in (("train", "b.jpg", 1), ("val", "a b.jpg", 2)):
        detections = open_set([str(tmp_path / "out" / f"{split}.json")], on_bad_data="stop", category_map={})
        (image,) = detections.images
        assert detections.categories == ("king", "ace")
        assert image.path == tmp_path / "out" / split / name
        assert image.path.read_bytes() == CARD_FILES[f"images/train/{name}"][1]
        assert (image.boxes_xyxy.tolist(), image.labels.tolist()) == ([[4, 2, 20, 15]], [label])


def test_tfrecord_files_become_a_coco_json_for_each_split(tmp_path, sources):
    raw = write_files(tmp_path / "raw", DICE_FILES)
    convert(published_set("dice", sources), raw, tmp_path / "out")
    found = {}
    for split in ("train", "val", "test"):
        detections = open_set([str(tmp_path / "out" / f"{split}.json")], on_bad_data="stop", category_map={})
        assert detections.categories == ("1", "2")
        assert all(image.boxes_xyxy.tolist() == [[0, 0, 20, 20]] for image in detections.images)
        assert all(image.labels.tolist() == [2] for image in detections.images)
        found[split] = [(image.image_id, image.path.name) for image in detections.images]
    assert found == {"train": [(1, "3.jpg"), (2, "1.jpg")], "val": [(1, "2.jpg")], "test": [(1, "4.jpg")]}


def test_bad_box_of_a_published_set_is_left_out_and_reported(tmp_path, sources):
    raw = write_files(tmp_path / "raw", CARD_FILES)
    (raw / "images/train/b.xml").write_bytes(voc_xml("king", xmin=30))
    said: list[str] = []
    convert(published_set("cards", sources), raw, tmp_path / "out", said.append)
    assert re.search("b.jpg .*has no area.*; the box is left out", " ".join(said))


def test_image_that_the_split_names_must_be_in_its_file(tmp_path, sources):
    raw = write_files(tmp_path / "raw", DICE_FILES | {"records/train.record": ("", tfrecord(1, 2))})
    with pytest.raises(DataError, match="dice/train lacks 3.jpg"):
        convert(published_set("dice", sources), raw, tmp_path / "out")


# the facts


def test_published_sets_are_known_by_commit_and_sha256():
    for name, splits in (("dice", ("test", "train", "val")), ("cards", ("test", "train", "val"))):
        published = published_set(name)
        assert published.splits == splits
        assert re.fullmatch("[0-9a-f]{40}", published.commit)
        assert all(re.fullmatch("[0-9a-f]{64}", file.sha256) for file in published.files)
        assert all(file_url(published, file).startswith("https://") for file in published.files)
        assert not any(".." in file.path or file.path.startswith("/") for file in published.files)
        assert len(published.categories) == 6


def test_no_image_is_in_two_published_splits():
    names = [name for split in published_set("dice").images.values() for name in split]
    assert len(names) == len(set(names)) == 200
    files = published_set("cards").files
    assert (
        len({file.path for file in files})
        == len({file.sha256 for file in files if file.path.lower().endswith("jpg")}) * 2
    )


# the script


def test_script_fetches_and_converts(tmp_path, sources, script, monkeypatch, capsys):
    published = published_set("cards", sources)
    monkeypatch.setattr(script, "published_set", lambda name: published_set(name, sources))
    status = script.main(["cards", "--data-dir", str(tmp_path / "data")], web_of(published, CARD_FILES))
    out = tmp_path / "data" / "real" / "cards"
    assert status == 0
    assert capsys.readouterr().out.splitlines()[1:] == [str(out / "train.json"), str(out / "val.json")]
    assert (out / "published" / "images" / "train" / "b.xml").exists()


def test_script_takes_files_that_are_on_disk_without_the_network(
    tmp_path, sources, script, monkeypatch, capsys
):
    raw = write_files(tmp_path / "raw", DICE_FILES)
    monkeypatch.setattr(script, "published_set", lambda name: published_set(name, sources))
    web = Web({})
    assert script.main(["dice", "--from", str(raw), "--data-dir", str(tmp_path / "data")], web) == 0
    assert web.asked == []
    assert (tmp_path / "data" / "real" / "dice" / "val" / "2.jpg").exists()
    (raw / "records" / "train.record").write_bytes(b"")
    assert script.main(["dice", "--from", str(raw), "--data-dir", str(tmp_path / "data")], web) == 2
    assert "check out commit 0123456789abcdef" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["dize"], "did you mean 'dice'?"),
        (["dice", "--from", "/nowhere/at/all"], "is not there; --from must name"),
    ],
)
def test_script_answers_bad_input_with_a_sentence_and_2(tmp_path, script, capsys, arguments, message):
    assert script.main([*arguments, "--data-dir", str(tmp_path / "data")], Web({})) == 2
    error = capsys.readouterr().err
    assert error.startswith("fetch_real: ")
    assert message in error
    assert not (tmp_path / "data").exists()


def test_script_answers_a_failing_network_with_1(tmp_path, script, capsys):
    assert script.main(["dice", "--data-dir", str(tmp_path)], Web({})) == 1
    assert "run the same command again" in capsys.readouterr().err


def test_script_shows_its_help_with_examples(script, capsys):
    with pytest.raises(SystemExit) as caught:
        script.main(["--help"])
    assert caught.value.code == 0
    assert "python scripts/fetch_real.py dice" in capsys.readouterr().out


@pytest.mark.parametrize(("base", "expected"), [("/data", "/data/gapless"), ("relative", None), ("", None)])
def test_data_folder_follows_the_xdg_specification(monkeypatch, base, expected):
    monkeypatch.setenv("XDG_DATA_HOME", base)
    assert default_data_dir() == Path(expected or Path.home() / ".local" / "share" / "gapless")
