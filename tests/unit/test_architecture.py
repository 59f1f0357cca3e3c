"""The house of DESIGN.md stands: imports go one way, Blender lives in one room, modules stay small."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from importlinter.cli import lint_imports

ROOT = Path(__file__).parents[2]
BLENDER_ROOM = ROOT / "renderer" / "blender"
MODULES = sorted(path for package in ("renderer", "train_eval") for path in (ROOT / package).rglob("*.py"))
BLENDER = {"blenderproc", "bmesh", "bpy", "bpy_extras", "mathutils"}
BANNED = {"albumentations", "imgaug", "random"}
MAX_LINES = 400


def imports_of(path: Path) -> Iterator[str]:
    """Top-level names of the packages that a file imports, wherever in the file it does."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            yield node.module.partition(".")[0]
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
            yield from (
                ast.literal_eval(arg).partition(".")[0] for arg in node.args if isinstance(arg, ast.Constant)
            )


def modules_that_import(names: set[str]) -> list[Path]:
    return [path for path in MODULES if names & set(imports_of(path))]


def test_import_contracts_hold(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.chdir(ROOT)
    exit_code = lint_imports(config_filename="pyproject.toml", no_cache=True, no_logo=True)
    assert exit_code == 0, capsys.readouterr().out


def test_blender_is_imported_in_its_room_only():
    assert [path for path in modules_that_import(BLENDER) if not path.is_relative_to(BLENDER_ROOM)] == []


def test_blenderproc_is_used():
    assert modules_that_import({"blenderproc"})


def test_no_module_imports_what_is_banned():
    assert modules_that_import(BANNED) == []


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_module_is_short(path: Path):
    assert len(path.read_text(encoding="utf-8").splitlines()) < MAX_LINES
