"""A shelf: what is listed, which category and symmetries it has, and what is kept between runs."""

import hashlib
import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from unit.mesh_files import KEY, TETRAHEDRON, mesh_settings, ply_text, refusal, shelf_of

from renderer.catalog.library import Library
from renderer.catalog.meshes.examine import examine
from renderer.catalog.meshes.reading import Recent, bytes_of, read_model
from renderer.catalog.meshes.symmetries import Symmetry
from renderer.catalog.model import Model, flat_shaded
from renderer.errors import CatalogError

EXAMINE = "renderer.catalog.meshes.shelf.examine"
SUFFIXES = ".blend, .fbx, .glb, .gltf, .obj, .ply, .stl, .usd, .usda, .usdc, .usdz"


def put(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(ply_text() if path.suffix == ".ply" else TETRAHEDRON)


def categories_of(folder: Path, **values) -> dict[str, str | None]:
    return {mesh.name: mesh.category for mesh in shelf_of(folder, **values).meshes}


class TestListing:
    def test_files_are_sorted_by_their_names_and_what_is_no_mesh_is_ignored(self, tmp_path):
        put(tmp_path, "b.obj", "a/z.OBJ", "a.ply", "a/b/c.ply")
        put(tmp_path, ".hidden.obj", ".git/a.obj", "__MACOSX/a.obj", "a.mtl", "a.bin", "a.png", "obj")
        (tmp_path / "folder.obj").mkdir()
        shelf = shelf_of(tmp_path)
        assert [mesh.name for mesh in shelf.meshes] == ["a.ply", "a/b/c.ply", "a/z.OBJ", "b.obj"]
        assert shelf.broken == ()

    def test_one_file_is_a_shelf_of_one(self, tmp_path):
        put(tmp_path, "a.obj", "b.obj")
        shelf = shelf_of(tmp_path / "b.obj")
        assert [mesh.name for mesh in shelf.meshes] == ["b.obj"]
        assert shelf.root == tmp_path

    def test_a_path_must_be_given(self):
        assert refusal(None) == "objects.mesh.path must be given: objects.path=FOLDER, a folder of meshes"

    def test_a_folder_must_be_there(self, tmp_path):
        place = tmp_path / "nowhere"
        assert refusal(place) == (
            f"objects.mesh.path must be a folder of meshes, got '{place}', which is not there"
        )

    def test_a_folder_without_meshes_says_what_it_must_hold(self, tmp_path):
        put(tmp_path, "a.txt")
        assert refusal(tmp_path) == f"objects.mesh.path must hold {SUFFIXES} files, got none in '{tmp_path}'"

    def test_a_file_of_another_kind_is_no_mesh(self, tmp_path):
        put(tmp_path, "a.txt")
        file = tmp_path / "a.txt"
        assert refusal(file) == f"objects.mesh.path must be a mesh ({SUFFIXES}) or a folder, got '{file}'"

    def test_a_tilde_is_the_users_home(self, tmp_path, monkeypatch):
        monkeypatch.setenv("HOME", str(tmp_path))
        put(tmp_path, "a.obj")
        assert len(shelf_of(Path("~")).meshes) == 1

    def test_a_name_that_cannot_be_shown_is_named_all_the_same(self, tmp_path):
        put(tmp_path, "a.obj")
        (tmp_path / os.fsdecode(b"b\xff.obj")).write_text(TETRAHEDRON)
        (broken,) = shelf_of(tmp_path).broken
        assert broken.name == r"'b\udcff.obj'"
        assert broken.reason == "has a name with characters that cannot be shown: rename it"

    def test_a_relative_path_and_a_link_lead_to_the_folder(self, tmp_path, monkeypatch):
        put(tmp_path, "meshes/a.obj")
        (tmp_path / "link").symlink_to("meshes")
        monkeypatch.chdir(tmp_path)
        assert shelf_of(Path("link")).meshes == shelf_of(tmp_path / "meshes").meshes


class TestBroken:
    def test_skipping_names_what_is_broken(self, tmp_path):
        put(tmp_path, "a.obj")
        (tmp_path / "b.obj").write_text("")
        shelf = shelf_of(tmp_path)
        assert [mesh.name for mesh in shelf.meshes] == ["a.obj"]
        assert [(mesh.name, mesh.reason) for mesh in shelf.broken] == [("b.obj", "is empty")]

    def test_stopping_names_the_first_and_counts_the_others(self, tmp_path):
        put(tmp_path, "a.obj")
        (tmp_path / "b.obj").write_text("")
        assert refusal(tmp_path, broken="stop") == (
            "objects.mesh cannot use a mesh: 'b.obj' is empty; objects.mesh.broken=skip leaves such files out"
        )
        (tmp_path / "c.obj").write_text("")
        assert "'b.obj' is empty (and 1 more)" in refusal(tmp_path, broken="stop")

    def test_one_must_be_left(self, tmp_path):
        for name in ("a.obj", "b.obj", "c.obj"):
            (tmp_path / name).write_text("")
        assert refusal(tmp_path) == (
            f"objects.mesh.path must hold a mesh that can be used, got none in '{tmp_path}': "
            "'a.obj' is empty (and 2 more)"
        )


class TestCategories:
    def test_it_is_the_outermost_folder_and_of_files_in_none_their_own_name(self, tmp_path):
        put(tmp_path, "mugs/blue/a.obj", "mugs/b.obj", "cup.obj")
        assert categories_of(tmp_path) == {"cup.obj": "cup", "mugs/b.obj": "mugs", "mugs/blue/a.obj": "mugs"}

    def test_it_may_be_the_file_or_the_kind(self, tmp_path):
        put(tmp_path, "mugs/a.obj", "cup.obj")
        assert list(categories_of(tmp_path, category_from="file").values()) == ["cup", "a"]
        assert list(categories_of(tmp_path, category_from="kind").values()) == ["mesh", "mesh"]

    def test_the_first_pattern_that_matches_says_it_and_null_is_a_distractor(self, tmp_path):
        put(tmp_path, "mugs/a.obj", "mugs/b.obj", "cup.obj")
        patterns = {"mugs/a*": "mug", "mugs/*": None}
        assert categories_of(tmp_path, categories=patterns) == {
            "cup.obj": "cup", "mugs/a.obj": "mug", "mugs/b.obj": None,
        }  # fmt: skip
        assert shelf_of(tmp_path, categories=patterns).categories() == ("cup", "mug")

    def test_a_pattern_must_match_a_file(self, tmp_path):
        put(tmp_path, "mugs/a.obj", "cup.obj")
        for name in ("categories", "symmetries", "keypoints"):
            assert refusal(tmp_path, **{name: {"mug/*.obj": "z"}}) == (
                f"objects.mesh.{name} 'mug/*.obj' must match a file, got none "
                "(the nearest are: mugs/a.obj, cup.obj)"
            )

    def test_distractors_have_none(self, tmp_path):
        put(tmp_path, "cup.obj")
        assert categories_of(tmp_path, labelled=False) == {"cup.obj": None}


class TestSymmetries:
    @pytest.mark.parametrize(
        ("text", "symmetries"),
        [
            ("z", [((0, 0, 1), 0)]),
            ("x2", [((1, 0, 0), 2)]),
            ("z4 x2", [((0, 0, 1), 4), ((1, 0, 0), 2)]),
            (None, []),
        ],
    )
    def test_they_are_declared_by_pattern(self, text, symmetries, tmp_path):
        put(tmp_path, "a.obj", "b.obj")
        one, other = shelf_of(tmp_path, symmetries={"a*": text}).meshes
        assert [(s.axis, s.turns) for s in one.symmetries] == symmetries
        assert other.symmetries == ()

    @pytest.mark.parametrize("text", ["q", "z1", "z0", "4z", "z-2", "zz"])
    def test_anything_else_is_refused(self, text, tmp_path):
        put(tmp_path, "a.obj")
        assert refusal(tmp_path, symmetries={"a*": text}) == (
            "objects.mesh.symmetries.'a*' must be an axis: z for any turn about it, z4 for quarter turns, "
            f"got '{text}'"
        )


class TestKeypoints:
    @pytest.mark.parametrize(
        ("text", "keypoints"),
        [
            ("rim 0 0 0.09", {"rim": (0, 0, 0.09)}),
            ("handle .04 -1e-2 0,  rim 0 0 0.09", {"handle": (0.04, -0.01, 0), "rim": (0, 0, 0.09)}),
            (None, {}),
        ],
    )
    def test_they_are_declared_by_pattern(self, text, keypoints, tmp_path):
        put(tmp_path, "a.obj", "b.obj")
        one, other = shelf_of(tmp_path, keypoints={"a*": text}).meshes
        assert one.keypoints == keypoints
        assert list(one.keypoints) == list(keypoints)
        assert other.keypoints == {}

    @pytest.mark.parametrize(
        "text", ["rim", "rim 0 0", "rim 0 0 0 0", "0 0 0", "rim a b c", "rim 0 0 nan", "rim 0 0 0,", ", ,"]
    )
    def test_anything_else_is_refused(self, text, tmp_path):
        put(tmp_path, "a.obj")
        assert refusal(tmp_path, keypoints={"a*": text}) == (
            "objects.mesh.keypoints.'a*' must be names with x y z in m, such as "
            f"'handle 0.04 0 0.03, rim 0 0 0.09', got '{text}'"
        )

    def test_a_name_must_not_be_given_twice(self, tmp_path):
        put(tmp_path, "a.obj")
        assert refusal(tmp_path, keypoints={"a*": "rim 0 0 1, rim 0 0 2"}) == (
            "objects.mesh.keypoints.'a*' must not name 'rim' twice, got 'rim 0 0 1, rim 0 0 2'"
        )


class TestBop:
    def folder(self, tmp_path: Path, info: dict) -> Path:
        put(tmp_path, "models/obj_000007.ply", "models/other.ply")
        (tmp_path / "models" / "models_info.json").write_text(json.dumps({"7": info}))
        return tmp_path

    def turn(self, angle_deg: float, shift=(0, 0, 0)) -> list[float]:
        c, s = np.cos(np.radians(angle_deg)), np.sin(np.radians(angle_deg))
        return [c, -s, 0, shift[0], s, c, 0, shift[1], 0, 0, 1, shift[2], 0, 0, 0, 1]

    def test_its_models_are_in_millimetres_with_z_up_each_a_category(self, tmp_path):
        mesh, other = shelf_of(self.folder(tmp_path, {})).meshes
        assert (mesh.category, other.category) == ("obj_000007", "models")
        assert np.subtract(mesh.high_m, mesh.low_m) == pytest.approx((0.001,) * 3)
        assert np.subtract(other.high_m, other.low_m) == pytest.approx((1,) * 3)
        assert sorted(mesh.hashes) == ["models/models_info.json", "models/obj_000007.ply"]

    def test_its_symmetries_are_turns_about_axes_through_the_origin(self, tmp_path):
        info = {
            "symmetries_continuous": [{"axis": [0, 0, 2], "offset": [0.5, 0.5, 3]}],
            "symmetries_discrete": [self.turn(angle, (0.5, 0.5, 0)) for angle in (90, 180, 270)],
        }
        for matrix in info["symmetries_discrete"]:  # about the middle: R (p - m) + m
            middle = np.array([0.5, 0.5, 0.5])
            rotation = np.array(matrix).reshape(4, 4)[:3, :3]
            matrix[3], matrix[7], matrix[11] = middle - rotation @ middle
        mesh = shelf_of(self.folder(tmp_path, info)).meshes[0]
        assert mesh.symmetries == (Symmetry(axis=(0, 0, 1), turns=0), Symmetry(axis=(0, 0, 1), turns=4))
        assert mesh.notes == ()

    def test_what_is_no_turn_about_the_origin_is_noted(self, tmp_path):
        mirror = [-1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1]
        info = {
            "symmetries_continuous": [{"axis": [0, 0, 1], "offset": [0, 0, 0]}],
            "symmetries_discrete": [mirror, self.turn(90)],
        }
        mesh = shelf_of(self.folder(tmp_path, info)).meshes[0]
        assert mesh.symmetries == ()
        assert mesh.notes == (
            "has a symmetry about an axis beside its origin, which is left out",
            "has a symmetry that is no turn about an axis through its origin, which is left out",
        )
        about_file = shelf_of(self.folder(tmp_path, info), origin="file").meshes[0]
        assert [(s.axis, s.turns) for s in about_file.symmetries] == [((0, 0, 1), 0), ((0, 0, 1), 4)]

    def test_facts_that_cannot_be_read_break_a_model(self, tmp_path):
        folder = self.folder(tmp_path, {})
        (folder / "models" / "models_info.json").write_text("{")
        (broken,) = shelf_of(folder).broken
        assert broken.reason == "lies beside models_info.json, which cannot be read"


class TestHashes:
    def test_they_are_of_the_file_and_of_all_that_it_names(self, tmp_path):
        put(tmp_path, "sub/a.obj")
        (tmp_path / "a.mtl").write_text("newmtl a\nKd 1 0 0\n")
        (tmp_path / "sub" / "a.obj").write_text(f"mtllib ../a.mtl\nusemtl a\n{TETRAHEDRON}")
        shelf = shelf_of(tmp_path)
        expected = {
            name: hashlib.sha256((tmp_path / name).read_bytes()).hexdigest()
            for name in ("a.mtl", "sub/a.obj")
        }
        assert shelf.meshes[0].hashes == expected
        library = Library(skies=(), surface_images=(), files={}, shelves={"mesh": shelf})
        assert library.manifest() == {f"mesh/{name}": sha256 for name, sha256 in expected.items()}


class TestIndex:
    def test_a_second_opening_reads_no_file(self, tmp_path, monkeypatch):
        put(tmp_path / "meshes", "a.obj", "b.ply")
        (tmp_path / "meshes" / "c.obj").write_text("")
        first = shelf_of(tmp_path / "meshes")
        monkeypatch.setattr(EXAMINE, None)
        assert shelf_of(tmp_path / "meshes") == first

    def test_only_what_changed_is_examined_again(self, tmp_path, monkeypatch):
        folder = tmp_path / "meshes"
        put(folder, "a.obj", "b.obj")
        (folder / "a.mtl").write_text("newmtl a\nKd 1 0 0\n")
        (folder / "b.obj").write_text(f"mtllib a.mtl\nusemtl a\n{TETRAHEDRON}")
        shelf_of(folder)
        examined: list[str] = []

        def remember(key, name, root, settings, conversions):
            examined.append(name)
            return examine(key, name, root, settings, conversions)

        monkeypatch.setattr(EXAMINE, remember)
        shelf_of(folder)
        assert examined == []
        (folder / "a.mtl").write_text("newmtl a\nmap_Kd gone.png\n")
        assert [broken.name for broken in shelf_of(folder).broken] == ["b.obj"]
        (folder / "gone.png").write_bytes(b"here, and no image")
        assert "no image" in shelf_of(folder).broken[0].reason
        (folder / "a.obj").write_text(TETRAHEDRON.replace("v 1", "v 2"))
        assert shelf_of(folder).meshes[0].high_m[0] == pytest.approx(1)
        assert examined == ["b.obj", "b.obj", "a.obj"]

    def test_another_setting_has_an_index_of_its_own(self, tmp_path):
        put(tmp_path / "meshes", "a.obj")
        one = shelf_of(tmp_path / "meshes").meshes[0]
        other = shelf_of(tmp_path / "meshes", unit="mm").meshes[0]
        assert other.reach_m == pytest.approx(one.reach_m / 1000)
        assert len(list((tmp_path / "cache of gapless" / "meshes").iterdir())) == 2

    def test_categories_are_not_kept(self, tmp_path):
        put(tmp_path / "meshes", "a.obj")
        assert categories_of(tmp_path / "meshes") == {"a.obj": "a"}
        assert categories_of(tmp_path / "meshes", categories={"*": "b"}) == {"a.obj": "b"}

    @pytest.mark.parametrize("content", [b"", b"[]", b'{"a.obj": 3}', b'{"a.obj": {"stamps": {}}}', b"\xff"])
    def test_an_index_that_cannot_be_read_is_made_again(self, content, tmp_path):
        put(tmp_path / "meshes", "a.obj")
        first = shelf_of(tmp_path / "meshes")
        (index,) = (tmp_path / "cache of gapless" / "meshes").iterdir()
        whole = index.read_bytes()
        index.write_bytes(content)
        assert shelf_of(tmp_path / "meshes") == first
        assert index.read_bytes() == whole

    def test_a_cache_that_cannot_be_written_is_none(self, tmp_path, monkeypatch):
        put(tmp_path / "meshes", "a.obj")
        (tmp_path / "file").write_text("no folder")
        monkeypatch.setenv("GAPLESS_CACHE", str(tmp_path / "file"))
        assert len(shelf_of(tmp_path / "meshes").meshes) == 1

    def test_it_lies_in_the_users_cache_where_nothing_is_said(self, tmp_path, monkeypatch):
        put(tmp_path / "meshes", "a.obj")
        monkeypatch.delenv("GAPLESS_CACHE")
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
        shelf_of(tmp_path / "meshes")
        assert len(list((tmp_path / "xdg" / "gapless" / "meshes").iterdir())) == 1
        monkeypatch.delenv("XDG_CACHE_HOME")
        monkeypatch.setenv("HOME", str(tmp_path))
        shelf_of(tmp_path / "meshes")
        assert len(list((tmp_path / ".cache" / "gapless" / "meshes").iterdir())) == 1


class TestReading:
    def test_a_model_is_read_once(self, tmp_path, monkeypatch):
        put(tmp_path, "a.obj")
        shelf = shelf_of(tmp_path)
        first = read_model(shelf.meshes[0], shelf)
        monkeypatch.setattr("renderer.catalog.meshes.reading._read", None)
        assert read_model(shelf.meshes[0], shelf) is first

    def test_settings_that_matter_have_models_of_their_own(self, tmp_path):
        put(tmp_path, "a.obj")
        one, other = shelf_of(tmp_path), shelf_of(tmp_path, unit="mm")
        vertices, smaller = (read_model(s.meshes[0], s).mesh.vertices for s in (one, other))
        assert np.allclose(smaller * 1000, vertices)

    def test_a_file_that_changed_or_is_gone_is_refused(self, tmp_path):
        put(tmp_path, "a.obj")
        shelf = shelf_of(tmp_path)
        (tmp_path / "a.obj").write_text(TETRAHEDRON + "\n")
        with pytest.raises(CatalogError) as caught:
            read_model(shelf.meshes[0], shelf)
        assert str(caught.value) == (
            "objects.mesh cannot use 'a.obj': it has changed since it was examined; start again"
        )
        (tmp_path / "a.obj").unlink()
        with pytest.raises(CatalogError, match=r"'a\.obj': it is gone; start again"):
            read_model(shelf.meshes[0], shelf)

    def test_recent_models_are_bounded_by_their_bytes_and_the_oldest_goes_first(self):
        def model(count: int) -> Model:
            return Model(mesh=flat_shaded(np.zeros((count, 3)), np.zeros((1, 3))))

        size = bytes_of(model(100))
        assert size == 100 * 24 + 12 + 4 + 1
        recent = Recent(largest_bytes=3 * size)
        for name in "abc":
            recent.add(name, model(100))
        assert recent.get("a") is not None
        recent.add("d", model(100))
        assert [name for name in "abcd" if recent.get(name) is not None] == ["a", "c", "d"]
        recent.add("large", model(1000))
        assert recent.get("large") is None
        assert recent.get("d") is not None


def test_settings_are_those_of_the_recipe(tmp_path):
    put(tmp_path, "a.obj")
    settings = mesh_settings(tmp_path)
    shelf = shelf_of(tmp_path)
    assert (shelf.key, shelf.settings) == (KEY, settings)
    assert shelf.mesh_at(0.99) is shelf.mesh("a.obj")
    assert replace(shelf, settings=settings) == shelf
