"""One run at a time writes to a folder, and a dead one keeps nobody out."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from renderer.dataset.lock import LOCK, locked
from renderer.dataset.store import open_store
from renderer.errors import StoreError

HOLD = """
import sys, time, pathlib
from renderer.dataset.lock import locked
with locked(pathlib.Path(sys.argv[1])):
    print('held', flush=True)
    time.sleep(100)
"""


@pytest.fixture
def holder(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path / "data")], stdout=subprocess.PIPE, env={**os.environ}
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"held\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def test_second_run_is_refused_and_told_who_writes(tmp_path, holder):
    with pytest.raises(StoreError, match="is writing to out") as caught, locked(tmp_path / "data"):
        pass
    assert f"(process {holder.pid} on " in str(caught.value)
    assert str(tmp_path / "data") in str(caught.value)
    assert "\n" not in str(caught.value)


def test_killed_run_keeps_nobody_out(tmp_path, holder):
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    assert (tmp_path / "data" / LOCK).exists()
    with locked(tmp_path / "data"):
        pass
    assert not (tmp_path / "data").exists() or list((tmp_path / "data").iterdir()) == []


def test_lock_is_gone_at_the_end_and_so_is_a_folder_made_for_nothing(tmp_path):
    with locked(tmp_path / "a" / "data"):
        assert (tmp_path / "a" / "data" / LOCK).exists()
    assert not (tmp_path / "a" / "data").exists()
    with locked(tmp_path):
        (tmp_path / "image.png").write_bytes(b"")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "image.png"]


def test_lock_left_behind_is_no_part_of_a_dataset(tmp_path):
    (tmp_path / LOCK).write_text("half a li")
    open_store(str(tmp_path), {"recipe": {}})


def _count(root: Path, path: Path, times: int) -> None:
    for _ in range(times):
        while True:
            try:
                with locked(root):
                    number = int(path.read_text())
                    time.sleep(0.0005)
                    path.write_text(str(number + 1))
                break
            except StoreError:
                continue


def test_no_two_processes_ever_hold_it(tmp_path):
    """Each removes the file at its end, while the others try to lock it."""
    path = tmp_path / "number"
    path.write_text("0")
    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=_count, args=(tmp_path / "data", path, 30)) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert path.read_text() == "90"
