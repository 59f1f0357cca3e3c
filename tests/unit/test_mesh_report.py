"""What is said and written of the user's meshes: every file, broken ones first, and never too much."""

import json

import numpy as np
import pytest
from unit.frames import SMALL, rejected_of
from unit.recipes import recipe_of
from unit.shelves import brick, library_of

from renderer.catalog.meshes.shelf import BrokenMesh
from renderer.catalog.meshes.symmetries import Symmetry
from renderer.catalog.model import Material
from renderer.commands import recipe_check, render
from renderer.commands.job import ResolvedJob
from renderer.commands.mesh_report import print_files, print_skipped
from renderer.commands.table import MOST_LISTED, listing
from renderer.dataset.meshes import write_meshes
from renderer.dataset.store import Store
from renderer.inspect.warnings import recipe_warnings

SIZE = "objects.mesh.size_m"
BROKEN = [BrokenMesh(name=f"bad/{n:02}.obj", reason="has no faces") for n in range(12)]
RED = Material(color=(1.0, 0.0, 0.0), roughness=0.5)
MODELS = {"mug/a.obj": brick(0.08, 0.06, 0.1, RED), "plate/b.ply": brick(0.2, 0.2, 0.02)}


@pytest.fixture
def library(monkeypatch):
    notes, turns = ("its texture 'a.png' is missing",), (Symmetry(axis=(0.0, 0.0, 1.0), turns=0),)
    rim = {"rim": (0.0, 0.0, 0.05)}
    return library_of(monkeypatch, MODELS, *BROKEN, notes=notes, symmetries=turns, keypoints=rim)


def test_rendering_names_what_it_skips_and_then_only_counts(library, capsys):
    print_skipped(library)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "objects.mesh: bad/00.obj has no faces; skipped"
    assert len(lines) == 11
    assert lines[-1] == "and 2 more: gapless recipe check"


def test_without_broken_files_nothing_is_said(monkeypatch, capsys):
    print_skipped(library_of(monkeypatch, MODELS))
    assert capsys.readouterr().out == ""


def test_the_report_has_a_row_for_each_file_broken_ones_first(library, capsys):
    print_files(library)
    title, _, *rows = capsys.readouterr().out.splitlines()
    assert title == "objects.mesh: 2 meshes, 12 broken"
    assert [row.split()[0] for row in rows] == [b.name for b in BROKEN] + sorted(MODELS)
    assert all(row.endswith("broken: has no faces") for row in rows[:12])
    assert rows[12].split("  ") != rows[13].split("  ")
    for text in ("mug", "12", "0.08 x 0.06 x 0.1 m", "yes", "its own", "its texture 'a.png' is missing"):
        assert text in rows[12]
    assert "none" in rows[13]


def test_checking_a_recipe_prints_the_report_and_what_is_drawn(library, capsys, monkeypatch, tmp_path):
    recipe = recipe_of("tabletop", out=str(tmp_path / "out"))
    monkeypatch.setattr(recipe_check, "open_library", lambda _: library)
    recipe_check.check_recipe(ResolvedJob(settings=recipe, yaml=""))
    said = capsys.readouterr().out
    assert "mesh, source mesh, 2 meshes, 12 broken" in said
    assert "categories  mug, plate\n" in said
    assert "bad/11.obj" in said


def test_the_file_of_meshes_holds_sizes_symmetries_keypoints_hashes_and_what_is_broken(library, tmp_path):
    write_meshes(library.shelves, tmp_path / "meshes.json")
    kind = json.loads((tmp_path / "meshes.json").read_bytes())["mesh"]
    assert [mesh["file"] for mesh in kind["meshes"]] == sorted(MODELS)
    mug = kind["meshes"][0]
    assert np.subtract(mug["high_m"], mug["low_m"]) == pytest.approx([0.08, 0.06, 0.1])
    assert mug["symmetries"] == [{"axis": [0, 0, 1], "turns": 0}]
    assert mug["keypoints"] == {"rim": [0, 0, 0.05]}
    assert (mug["category"], mug["triangles"], mug["is_watertight"]) == ("mug", 12, True)
    assert list(mug["sha256"]) == ["mug/a.obj"]
    assert kind["broken"] == [{"file": b.name, "reason": b.reason} for b in BROKEN]


def test_rendering_writes_it_beside_the_annotations(library, tmp_path, capsys):
    recipe = recipe_of("tabletop", frames=1, out=str(tmp_path), **SMALL)
    store = Store(root=tmp_path, identity=render.dataset_identity(recipe, library))
    store.commit(rejected_of(0) | {"check": "exposure"}, None)
    render._render(ResolvedJob(settings=recipe, yaml="name: tabletop\n"), library)
    assert (tmp_path / "meshes.json").is_file()
    assert "mug 0, plate 0" in capsys.readouterr().out


def test_sizes_in_other_units_than_metres_are_worth_a_look(monkeypatch):
    scans = {"mug/a.obj": brick(80, 60, 100), "mug/b.obj": brick(0.08, 0.06, 0.1)}
    library = library_of(monkeypatch, scans)
    (said,) = (w for w in recipe_warnings(recipe_of("tabletop", **{SIZE: None}), library) if "sizes" in w)
    assert "of which 1 are" in said
    assert "such as mug/a.obj with 100 m: set objects.mesh.unit" in said
    assert not [w for w in recipe_warnings(recipe_of("tabletop"), library) if "sizes" in w]


def test_a_great_many_names_are_cut():
    names = [str(number) for number in range(MOST_LISTED + 2)]
    assert listing(names[:MOST_LISTED]) == ", ".join(names[:MOST_LISTED])
    assert listing(names).endswith(f"{MOST_LISTED - 1} and 2 more")
