"""What scripts/setup.sh says where it cannot work: one line that names the remedy, and exit code 2."""

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
REMEDIES = (
    "apt-get install -y python3.11 python3.11-venv",
    "uv python install 3.11",
    "brew install python@3.11",
)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder with no .venv to spoil, in which the script believes itself at home."""
    folder = tmp_path / "checkout"
    for name in ("scripts/setup.sh", "pyproject.toml", "requirements.lock"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes((ROOT / name).read_bytes())
    return folder


def fake_python(folder: Path, script: str) -> str:
    path = folder / "python"
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(0o755)
    return str(path)


def error_of_setup(checkout: Path, python: str) -> str:
    """The one line that the script prints before it stops, having made nothing."""
    result = subprocess.run(
        ["bash", str(checkout / "scripts/setup.sh")],
        env={**os.environ, "PYTHON": python},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.returncode == 2
    assert result.stdout == ""
    assert not (checkout / ".venv").exists()
    (line,) = result.stderr.splitlines()
    return line


def test_interpreter_that_is_not_there_is_named_with_the_remedy(checkout: Path):
    line = error_of_setup(checkout, "/nowhere/python3.11")
    assert "got /nowhere/python3.11" in line
    assert any(remedy in line for remedy in REMEDIES)


def test_interpreter_of_another_version_is_named_with_the_remedy(checkout: Path, tmp_path: Path):
    python = fake_python(tmp_path, "echo 3.12")
    line = error_of_setup(checkout, python)
    assert f"must be a Python 3.11 (Blender 4.2 runs on no other), got {python}" in line
    assert any(remedy in line for remedy in REMEDIES)


def test_interpreter_without_venv_is_named_with_the_remedy(checkout: Path, tmp_path: Path):
    python = fake_python(tmp_path, 'case "$2" in *version_info*) echo 3.11 ;; *) exit 1 ;; esac')
    line = error_of_setup(checkout, python)
    assert f"{python} has no venv module" in line


def test_missing_system_libraries_are_named_with_the_remedy(checkout: Path, tmp_path: Path):
    answers = 'case "$2" in *version_info*) echo 3.11 ;; "") echo libsm6 libgl1 ;; esac'
    line = error_of_setup(checkout, fake_python(tmp_path, answers))
    assert line.endswith("libsm6 libgl1. Get them: sudo apt-get install -y libsm6 libgl1")
