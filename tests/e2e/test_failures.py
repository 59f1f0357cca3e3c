"""What goes wrong on real machines: each ends with a clear message and a dataset that can be finished."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from e2e.conftest import SMALL, gapless, render
from e2e.runs import DARK, Run, are_gone, everything, faulty, records, report

FRAMES = 4
ONE = (*DARK, f"frames={FRAMES}", "execution.workers=1")
TWO = (*DARK, f"frames={FRAMES}", "execution.workers=2")
ENDLESS = (*DARK, "frames=4000", "execution.workers=2")


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files of a dataset whose run nothing disturbed."""
    return everything(render(tmp_path_factory.mktemp("unbroken") / "dice", *TWO))


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "dice"


def finish(out: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Render to the end, whatever that is."""
    return gapless("render", *SMALL, *arguments, f"out={out}", **environment)


def failed_once(out: Path, fault: str, *arguments: str) -> str:
    """Render with a fault that occurs once; returns the reason for which its frame was tried again."""
    mark = out.with_name("mark")
    done = finish(out, *arguments, **faulty(fault=fault, once=mark))
    assert done.returncode == 0, done.stderr
    assert mark.exists()
    retried, *others = report(out)["retried"]
    assert retried["frame"] == 2
    assert all(other["reason"] == retried["reason"] for other in others)  # those that had begun
    assert f"frame 2 failed and is tried again: {retried['reason']}" in done.stderr
    assert report(out)["status"] == "complete"
    assert report(out)["frames"] == {"wanted": 4, "there": 0, "rendered": 4, "rejected": 1, "lost": 0}
    return retried["reason"]


def test_frame_of_a_killed_worker_is_rendered_by_a_fresh_one(unbroken, out):
    reason = failed_once(out, "kill:2", *TWO)
    assert reason == "the worker was killed (signal 9): perhaps out of memory"
    assert everything(out) == unbroken


def test_hung_worker_is_killed_at_the_limit_of_time(unbroken, out):
    reason = failed_once(out, "hang:2", *TWO, "execution.time_limit_s=20")
    assert "the worker took longer than" in reason
    assert "execution.time_limit_s=20" in reason
    assert everything(out) == unbroken


def test_worker_that_eats_memory_is_killed_before_the_machine_suffers(unbroken, out):
    reason = failed_once(out, "eat:2", *ONE, "execution.memory_limit_gb=2.5")
    assert "GB of memory, more than 2.50 GB, and was killed (execution.memory_limit_gb)" in reason
    assert everything(out) == unbroken


def test_bug_in_the_way_of_a_frame_is_told_with_its_traceback(unbroken, out):
    assert failed_once(out, "raise:2", *ONE) == "ValueError: a planted bug"
    (retried,) = report(out)["retried"]
    assert retried["details"].startswith("Traceback")
    assert "render_shard" in retried["details"]
    assert everything(out) == unbroken


def test_frame_that_always_crashes_is_left_to_the_next_run_and_all_others_are_done(unbroken, out):
    done = finish(out, *TWO, **faulty(fault="crash:2"))
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        "gapless: frame 2 failed twice, the last time because the worker crashed (signal 11: Segmentation "
        "fault); run the same command again to render it"
    )
    assert "Traceback" not in done.stderr
    assert "3 rendered now, 1 rejected, 1 lost" in done.stdout
    said = report(out)
    assert said["status"] == "failed"
    assert [lost["frame"] for lost in said["lost"]] == [2]
    assert said["frames"]["rendered"] == FRAMES - 1
    assert sorted(path.name for path in (out / "frames").iterdir()) == [f"00000{n}.json" for n in (0, 1, 3)]
    again = finish(out, *TWO)
    assert again.returncode == 0, again.stderr
    assert "3 of 4 frames are there already" in again.stdout
    assert everything(out) == unbroken


def test_run_in_which_no_worker_can_start_gives_up_and_says_why(out):
    done = finish(out, *ENDLESS, "execution.start_limit_s=0.1", "execution.time_limit_s=0.1")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith(
        "gapless: no frame could be rendered: 6 attempts failed, the last because the worker took longer than"
    )
    assert report(out)["status"] == "failed"
    assert records(out) == 0


def test_clock_that_jumps_changes_nothing(unbroken, out):
    done = finish(out, *TWO, "execution.time_limit_s=120", **faulty(clock=1))
    assert done.returncode == 0, done.stderr
    assert "failed" not in done.stderr
    assert report(out)["retried"] == []
    assert 0 < report(out)["wall_s"] < 3600
    assert everything(out) == unbroken


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[Path]:
    """A disk of its own at a folder; tests that need one are skipped where it cannot be mounted."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("only root may mount a disk, and not everywhere")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def test_full_disk_is_one_sentence_and_the_run_goes_on_when_there_is_room(unbroken, tmp_path):
    """The disk has room for the identity and about two of the four frames."""
    with small_disk(tmp_path / "disk", "100k") as disk:
        out = disk / "dice"
        done = finish(out, *TWO)
        assert done.returncode == 2
        (said,) = [line for line in done.stderr.splitlines() if line.startswith("gapless: ")]
        assert "(No space left on device); free some space or choose another out" in said
        assert "Traceback" not in done.stderr
        assert not (out / "annotations.json").exists()
        before = records(out)
        assert before < FRAMES
        subprocess.run(["mount", "-o", "remount,size=50m", disk], check=True)
        again = finish(out, *TWO)
        assert again.returncode == 0, again.stderr
        assert before == 0 or f"{before} of {FRAMES} frames are there already" in again.stdout
        assert everything(out) == unbroken


def test_folder_that_cannot_be_written_is_refused_at_once(tmp_path):
    with small_disk(tmp_path / "disk", "10m") as disk:
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        done = finish(disk / "dice", *TWO)
        assert done.returncode == 2
        assert "cannot be written" in done.stderr
        assert done.stderr.count("\n") == 1


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Let nobody write into a folder; root, who may write anywhere, needs a mount for that."""
    if os.geteuid() != 0:
        folder.chmod(0o555)
        yield
        folder.chmod(0o755)
        return
    mounted = subprocess.run(["mount", "--bind", folder, folder], check=False, capture_output=True)
    if mounted.returncode != 0:
        pytest.skip("root may write anywhere, and nothing can be mounted here")
    try:
        subprocess.run(["mount", "-o", "remount,bind,ro", folder], check=True)
        yield
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def test_folder_that_becomes_read_only_is_one_sentence(unbroken, out):
    run = Run(out, *TWO)
    run.wait_until(lambda: records(out) > 0)
    with read_only(out / "frames"):
        assert run.wait() == 2
    assert "Permission denied" in run.stderr or "Read-only file system" in run.stderr
    assert "Traceback" not in run.stderr
    assert finish(out, *TWO).returncode == 0
    assert everything(out) == unbroken


@pytest.mark.parametrize(
    ("number", "presses", "status"), [(signal.SIGINT, 2, 130), (signal.SIGTERM, 1, 143)], ids=str
)
def test_signal_ends_a_run_cleanly_and_the_same_command_goes_on(unbroken, out, number, presses, status):
    """Ctrl-C reaches every process of the group, SIGTERM the main one."""
    run = Run(out, *ENDLESS)
    run.wait_until(lambda: records(out) >= 2)
    workers = run.workers()
    assert len(workers) == 2
    for _ in range(presses):
        (os.killpg if number == signal.SIGINT else os.kill)(run.process.pid, number)
        time.sleep(0.05)
    assert run.wait() == status
    done = records(out)
    assert f"gapless: interrupted with {done} of 4000 frames done; the same command goes on" in run.stderr
    assert "Traceback" not in run.stderr
    assert are_gone(workers)
    assert not (out / "annotations.json").exists()
    said = report(out)
    assert (said["status"], said["frames"]["rendered"], said["workers"]) == ("interrupted", done, 2)
    for path in [*out.glob("frames/*.json"), *out.glob("images/*.png")]:
        if int(path.stem) >= FRAMES:  # which the undisturbed run was not asked for
            path.unlink()
    assert finish(out, *TWO).returncode == 0
    assert everything(out) == unbroken


def test_workers_end_with_a_main_process_that_is_killed_even_where_they_hang(out):
    run = Run(out, *TWO, environment=faulty(fault="hang:0"))
    run.wait_until(lambda: records(out) >= 1)
    workers = run.workers()
    workers[0].suspend()
    run.stop()
    assert are_gone(workers)


def test_second_run_into_the_same_folder_is_refused(out):
    run = Run(out, *ENDLESS)
    try:
        run.wait_until(run.workers)
        second = finish(out, *ENDLESS)
        assert second.returncode == 2
        assert "another gapless" in second.stderr
        assert second.stderr.count("\n") == 1
        assert run.is_running
    finally:
        run.stop()
