"""Scratch folders: removed at the end, and after their process was killed, but never while it lives."""

import importlib.util
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

FILE = Path(__file__).parents[2] / "renderer" / "blender" / "scratch.py"
KILLED = (
    "import importlib.util, os, pathlib, signal, sys\n"
    "specification = importlib.util.spec_from_file_location('scratch', sys.argv[1])\n"
    "scratch = importlib.util.module_from_spec(specification)\n"
    "specification.loader.exec_module(scratch)\n"
    "scratch.SHARED_MEMORY = pathlib.Path(sys.argv[2])\n"
    "with scratch.scratch_folder() as folder:\n"
    "    (folder / 'view.exr').write_bytes(bytes(1000))\n"
    "    os.kill(os.getpid(), signal.SIGKILL)\n"
)


@pytest.fixture
def scratch(monkeypatch, tmp_path):
    """The module, loaded from its file: its package would start Blender."""
    specification = importlib.util.spec_from_file_location("scratch", FILE)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    monkeypatch.setattr(module, "SHARED_MEMORY", tmp_path)
    return module


def test_folder_is_removed_at_the_end(scratch, tmp_path):
    with scratch.scratch_folder() as folder:
        (folder / "view.exr").write_bytes(b"x")
        assert folder.parent == tmp_path
    assert list(tmp_path.iterdir()) == []


def test_folder_of_a_living_process_is_left_alone(scratch):
    with scratch.scratch_folder() as one, scratch.scratch_folder() as other:
        assert one.is_dir()
        assert other.is_dir()


def test_folder_of_a_killed_process_is_removed_by_the_next(scratch, tmp_path):
    done = subprocess.run([sys.executable, "-c", KILLED, FILE, tmp_path], check=False)
    assert done.returncode == -signal.SIGKILL
    assert len(list(tmp_path.glob("gapless-scratch-*/view.exr"))) == 1
    with scratch.scratch_folder() as folder:
        assert list(tmp_path.iterdir()) == [folder]


def test_other_files_there_are_left_alone(scratch, tmp_path):
    (tmp_path / "other").mkdir()
    (tmp_path / "gapless-scratch-file").write_bytes(b"")
    with scratch.scratch_folder():
        assert os.path.lexists(tmp_path / "other")
        assert os.path.lexists(tmp_path / "gapless-scratch-file")
