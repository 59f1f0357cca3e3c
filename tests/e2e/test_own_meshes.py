"""A folder of meshes that nobody prepared becomes a labelled dataset with one command."""

import json
from pathlib import Path

import pytest
import trimesh
from e2e.conftest import contents, gapless, render

OWN = [
    "recipe=tabletop",
    "objects=[meshes,clutter,foreground]",
    "objects.foreground.count=1",
    "objects.mesh.count=4",
    "objects.mesh.mesh=[choice,[0.1,0.9]]",
    'objects.mesh.categories={"junk/*": null}',
    "layout.object_free=[choice,{true: 1, false: 2}]",
    "seed=4",
    "frames=6",
]


@pytest.fixture(scope="module")
def meshes(tmp_path_factory) -> Path:
    """Two that can be used, a distractor and a file without anything in it."""
    folder = tmp_path_factory.mktemp("own") / "my_meshes"
    for name in ("mugs", "junk"):
        (folder / name).mkdir(parents=True)
    trimesh.creation.cylinder(0.04, 0.1).export(folder / "mugs" / "a.ply")
    trimesh.creation.box((0.08, 0.06, 0.1)).export(folder / "box.obj")
    trimesh.creation.icosphere(radius=0.03).export(folder / "junk" / "ball.stl")
    (folder / "junk" / "empty.obj").write_text("")
    return folder


@pytest.fixture(scope="module")
def dataset(meshes, tmp_path_factory) -> Path:
    return render(tmp_path_factory.mktemp("own_out") / "set", *OWN, f"objects.path={meshes}")


def records_of(dataset: Path) -> list[dict]:
    return [json.loads(path.read_text()) for path in sorted((dataset / "frames").iterdir())]


def test_instances_are_those_of_files_with_a_category_and_name_them(dataset):
    instances = [instance for record in records_of(dataset) for instance in record["instances"]]
    assert {(i["mesh"], i["category"]) for i in instances} == {("box.obj", "box"), ("mugs/a.ply", "mugs")}


def test_annotations_list_both_categories_and_images_without_objects(dataset):
    content = json.loads((dataset / "annotations.json").read_text())
    assert [category["name"] for category in content["categories"]] == ["box", "mugs"]
    free = {r["frame"] for r in records_of(dataset) if r["draws"]["layout.object_free"]}
    assert 0 < len(free) < 6
    assert len(content["images"]) == 6
    assert not free & {annotation["image_id"] for annotation in content["annotations"]}


def test_what_is_known_of_the_meshes_stands_beside_them(dataset):
    kind = json.loads((dataset / "meshes.json").read_text())["mesh"]
    assert [mesh["file"] for mesh in kind["meshes"]] == ["box.obj", "junk/ball.stl", "mugs/a.ply"]
    assert [broken["file"] for broken in kind["broken"]] == ["junk/empty.obj"]


def test_two_workers_and_another_place_of_the_folder_give_the_same_frames(dataset, meshes, tmp_path):
    moved = tmp_path / "elsewhere"
    moved.symlink_to(meshes)
    pair = render(tmp_path / "pair", *OWN, f"objects.path={moved}", "execution.workers=2")
    here, there = contents(dataset), contents(pair)
    assert here.keys() == there.keys()
    assert {name for name in here if here[name] != there[name]} == {"recipe.yaml"}  # it names the folder


def test_the_skipped_file_is_named_and_can_stop_everything(meshes, tmp_path):
    preview = gapless(
        "preview", *OWN, f"objects.path={meshes}", "frames=1", f"out={tmp_path / 'look'}", "engine.samples=1"
    )
    assert "objects.mesh: junk/empty.obj is empty; skipped" in preview.stdout
    stopped = gapless(
        "render", *OWN, f"objects.path={meshes}", "objects.mesh.broken=stop", f"out={tmp_path}/x"
    )
    assert stopped.returncode == 2
    assert "'junk/empty.obj' is empty" in stopped.stderr
    assert not (tmp_path / "x").exists()
