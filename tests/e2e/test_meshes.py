"""A folder of meshes that nobody prepared, through whole commands."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from e2e.broken_meshes import BROKEN, GOOD, write_broken, write_good
from e2e.conftest import SMALL, contents, gapless, render

TABLE = ("recipe=tabletop", "seed=4", "objects.mesh.count=3", "layout.object_free=false")


@pytest.fixture(scope="module", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GAPLESS_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Good and broken meshes side by side."""
    folder = tmp_path_factory.mktemp("meshes") / "mine"
    write_good(folder)
    write_broken(folder)
    return folder


@pytest.fixture(scope="module")
def rendered(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A dataset of the folder, and what the command said."""
    out = tmp_path_factory.mktemp("meshes") / "out"
    done = gapless("render", *SMALL, *TABLE, f"objects.path={folder}", "frames=6", f"out={out}")
    assert done.returncode == 0, done.stderr
    return out, done.stdout + done.stderr


def instances_of(out: Path) -> list[dict]:
    records = (json.loads(path.read_text()) for path in sorted((out / "frames").glob("*.json")))
    return [instance for record in records for instance in record["instances"]]


def test_one_command_makes_a_labelled_dataset_of_a_folder(rendered):
    out, _ = rendered
    annotations = json.loads((out / "annotations.json").read_text())
    assert [c["name"] for c in annotations["categories"]] == ["box", "cone", "toys"]
    assert len(annotations["annotations"]) > 0
    assert {instance["mesh"] for instance in instances_of(out)} <= set(GOOD)


def test_each_broken_file_is_named_with_its_reason(folder: Path):
    done = gapless("recipe", "check", "recipe=tabletop", f"objects.path={folder}")
    assert done.returncode == 0, done.stderr
    for name, (_, reason) in BROKEN.items():
        line = next(line for line in done.stdout.splitlines() if line.startswith(name))
        assert reason in line


def test_broken_files_that_are_skipped_are_named_when_rendering_starts(rendered):
    _, said = rendered
    assert "broken/empty.obj" in said


@pytest.mark.parametrize("name", ["broken/ten_million.stl", "broken/nested.gltf", "broken/link.stl"])
def test_a_broken_file_stops_the_command_where_it_is_to(tmp_path: Path, name: str):
    folder = tmp_path / "mine"
    write_good(folder)
    (folder / "broken").mkdir()
    BROKEN[name][0](folder / name)
    done = gapless(
        "render",
        *SMALL,
        *TABLE,
        f"objects.path={folder}",
        "objects.mesh.broken=stop",
        f"out={tmp_path / 'out'}",
    )
    assert done.returncode == 2
    assert name in done.stderr
    assert not (tmp_path / "out").exists()


def test_meshes_by_two_workers_give_the_bytes_of_one(rendered, folder: Path, tmp_path: Path):
    twice = render(tmp_path / "two", *TABLE, f"objects.path={folder}", "frames=6", "execution.workers=2")
    assert contents(twice) == contents(rendered[0])


def test_a_folder_that_moved_is_the_same_dataset(rendered, folder: Path, tmp_path: Path):
    moved = tmp_path / "elsewhere"
    write_good(moved)
    done = gapless("render", *SMALL, *TABLE, f"objects.path={moved}", "frames=6", f"out={rendered[0]}")
    assert done.returncode == 0, done.stderr
    assert "6 of 6 frames are there already" in done.stdout
