"""Fetching published sets of real photographs, and turning them into COCO jsons.

`sources.json` says, for each set, where it is published and at which commit, the sha256 of each file, and
which split a file or, inside a TFRecord, an image belongs to.
"""

import hashlib
import http.client
import json
import os
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any, cast
from urllib.parse import quote

from renderer.errors import DataError, InfrastructureError, unknown_name_message
from renderer.files import atomic_file, file_sha256
from train_eval.data.categories import match_categories, rename_categories
from train_eval.data.checker import check_not_empty
from train_eval.data.examples import tfrecord_listing
from train_eval.data.listing import Listing
from train_eval.data.problems import settle_problems
from train_eval.data.resolving import resolve
from train_eval.data.voc import voc_listing
from train_eval.data.writing import write_coco_set

SOURCES = Path(__file__).with_name("sources.json")
HOST = "https://raw.githubusercontent.com"
TIMEOUT_S = 60
CONNECTIONS = 4
CHUNK_BYTES = 1 << 20
MAX_FILE_BYTES = 1 << 30  # no published file comes near: whatever is longer is not it
PUBLISHED = "published"  # folder of what was fetched, as it was published

OpenUrl = Callable[[str], AbstractContextManager[IO[bytes]]]
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedFile:
    """One file: its path in the repository; a split where all of it belongs to one."""

    path: str
    sha256: str
    split: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedSet:
    """One set.

    Attributes:
        format: 'voc' or 'tfrecord'.
        category_map: from the names as published to ours.
        images: file names by split, of images inside files that belong to several splits.
    """

    name: str
    repository: str
    commit: str
    licence: str
    format: str
    categories: tuple[str, ...]
    category_map: Mapping[str, str]
    images: Mapping[str, Sequence[str]]
    files: tuple[PublishedFile, ...]

    @property
    def splits(self) -> tuple[str, ...]:
        """Names of the splits, in alphabetical order."""
        return tuple(sorted({*self.images, *(file.split for file in self.files if file.split)}))


def published_set(name: str, sources: Path = SOURCES) -> PublishedSet:
    """What is known about a published set.

    Raises:
        DataError: there is none of that name.
    """
    content: dict[str, dict[str, Any]] = json.loads(sources.read_bytes())
    if name not in content:
        raise DataError(unknown_name_message("set", name, content))
    facts = dict(content[name])
    files = tuple(PublishedFile(path=path, **file) for path, file in facts.pop("files").items())
    categories = tuple(facts.pop("categories"))
    return PublishedSet(name=name, files=files, categories=categories, **facts)


def default_data_dir() -> Path:
    """The user's data folder of gapless, by the XDG base directory specification."""
    base = os.environ.get("XDG_DATA_HOME", "")
    return (Path(base) if Path(base).is_absolute() else Path.home() / ".local" / "share") / "gapless"


def open_https(url: str) -> AbstractContextManager[IO[bytes]]:
    """Open a URL by https and nothing else; follows no redirection."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
        urllib.request.UnknownHandler(),
    ):
        opener.add_handler(handler)
    return cast(AbstractContextManager[IO[bytes]], opener.open(url, timeout=TIMEOUT_S))


def file_url(published: PublishedSet, file: PublishedFile) -> str:
    """Where a file is published."""
    repository = published.repository.removeprefix("https://github.com/")
    return f"{HOST}/{repository}/{published.commit}/{quote(file.path)}"


def fetch_files(
    published: PublishedSet, folder: Path, open_url: OpenUrl = open_https, progress: Progress | None = None
) -> None:
    """Fetch all files of a set into a folder; those that are there already are not fetched again.

    Args:
        progress: is told after each file how many of how many are there.

    Raises:
        DataError: a file is not what it was.
        InfrastructureError: the network failed.
        StoreError: the folder cannot be written.
    """

    def fetch(file: PublishedFile) -> None:
        fetch_file(file_url(published, file), file.sha256, folder / file.path, open_url)

    with ThreadPoolExecutor(max_workers=CONNECTIONS) as pool:
        try:
            for done, _ in enumerate(pool.map(fetch, published.files), start=1):
                if progress is not None:
                    progress(done, len(published.files))
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def fetch_file(url: str, sha256: str, target: Path, open_url: OpenUrl = open_https) -> None:
    """Fetch one file whole, or not at all; one that is there already, with this sha256, is left alone.

    Raises:
        DataError: what came has another sha256.
        InfrastructureError: nothing came, or not all of it.
        StoreError: the target cannot be written.
    """
    if target.is_file() and file_sha256(target) == sha256:
        return
    digest = hashlib.sha256()
    with atomic_file(target) as file:
        for chunk in _chunks(url, open_url):
            digest.update(chunk)
            file.write(chunk)
        if digest.hexdigest() != sha256:
            raise DataError(
                f"{url} has the sha256 {digest.hexdigest()}, expected {sha256}; it was changed there"
            )


def _chunks(url: str, open_url: OpenUrl) -> Iterator[bytes]:
    """The content of a URL; errors of the network do not reach the file that is being written."""
    size = 0
    try:
        with open_url(url) as response:
            while chunk := response.read(CHUNK_BYTES):
                size += len(chunk)
                if size > MAX_FILE_BYTES:
                    raise DataError(
                        f"{url} is longer than {MAX_FILE_BYTES} bytes; it is not the published file"
                    )
                yield chunk
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", None) or error
        raise InfrastructureError(
            f"{url} cannot be fetched ({reason}); run the same command again, what is here already is kept"
        ) from error


def check_files(published: PublishedSet, folder: Path) -> None:
    """Check that a folder holds all files of a set, laid out as in its repository.

    Raises:
        DataError: one is missing or is another.
    """
    for file in published.files:
        path = folder / file.path
        if not path.is_file():
            raise DataError(f"{path} is not there; --from must name a copy of {published.repository}")
        found = file_sha256(path)
        if found != file.sha256:
            raise DataError(
                f"{path} has the sha256 {found}, expected {file.sha256}; "
                f"check out commit {published.commit} of {published.repository}"
            )


def convert(
    published: PublishedSet, folder: Path, out: Path, report: Callable[[str], None] | None = None
) -> list[Path]:
    """Turn the published files of a set into OUT/SPLIT.json, with the images in OUT/SPLIT/.

    Args:
        folder: holds the files as in their repository.
        report: is told of each image and box that had to be left out.

    Raises:
        DataError: a file is not readable, or an image missing.
        StoreError: `out` cannot be written.
    """
    make_listings = _voc_listings if published.format == "voc" else _tfrecord_listings
    return [
        _write_split(published, listing, out / f"{split}.json", report)
        for split, listing in make_listings(published, folder, out).items()
    ]


def _write_split(
    published: PublishedSet, listing: Listing, json_path: Path, report: Callable[[str], None] | None
) -> Path:
    reading = resolve(listing)
    good = settle_problems(reading.detections, reading.problems, "skip", report)
    check_not_empty(good)
    renamed = rename_categories(good, published.category_map)
    write_coco_set(match_categories(renamed, published.categories, "sources.json"), json_path)
    return json_path


def _voc_listings(published: PublishedSet, folder: Path, _out: Path) -> dict[str, Listing]:
    """A listing for each split, of the XML files in it."""
    listings = {}
    for split in published.splits:
        names = (file.path for file in published.files if file.split == split)
        xml_paths = sorted(folder / name for name in names if name.endswith(".xml"))
        listings[split] = voc_listing(f"{published.name}/{split}", xml_paths, xml_paths[0].parent)
    return listings


def _tfrecord_listings(published: PublishedSet, folder: Path, out: Path) -> dict[str, Listing]:
    """A listing for each split; the images are taken out of the files first."""
    listings = {}
    for file in published.files:
        stem = Path(file.path).stem
        whole = tfrecord_listing(
            f"{published.name}/{stem}", folder / file.path, out / PUBLISHED / "images" / stem
        )
        if file.split:
            listings[file.split] = whole
            continue
        for split, names in published.images.items():
            listings[split] = replace(part_of(whole, names), name=f"{published.name}/{split}")
    return listings


def part_of(listing: Listing, names: Sequence[str]) -> Listing:
    """The images of some file names, in their order, numbered from 1.

    Raises:
        DataError: one of them is not in the listing.
    """
    by_name = {image.path.name: image for image in listing.images}
    missing = [name for name in names if name not in by_name]
    if missing:
        raise DataError(
            f"{listing.name} lacks {missing[0]} (and {len(missing) - 1} more); get its files again"
        )
    images = (replace(by_name[name], image_id=number) for number, name in enumerate(names, start=1))
    return replace(listing, images=tuple(images))
