"""`gapless render profile=true`: the stages of a frame, and no byte of the dataset."""

import pytest
from e2e.conftest import SMALL, gapless, render
from e2e.runs import everything, report

from renderer.execution.pipeline import WAIT
from renderer.execution.profile import BESIDE
from renderer.stopwatch import OTHER

DICE = ("recipe=dice", "frames=2", "seed=5", "execution.workers=1", "engine.denoise=true")
OF_MAIN = {"build", "sync", "trace", "denoise", "save", "read", "clear", WAIT, OTHER}


@pytest.fixture(scope="module")
def profiled(tmp_path_factory):
    """The folder of a profiled run, and what it printed."""
    out = tmp_path_factory.mktemp("profile") / "dice"
    done = gapless("render", *SMALL, *DICE, "profile=true", f"out={out}")
    assert done.returncode == 0, done.stderr
    return out, done.stdout


def test_profile_has_every_stage_and_they_add_up_to_the_wall_time(profiled):
    out, printed = profiled
    profile = report(out)["profile"]
    assert profile["frames"] == 2
    assert set(profile["stages"]) >= OF_MAIN
    assert set(profile["beside"]) == set(BESIDE) - {"relight"}
    assert all(profile["stages"][name]["mean_ms"] > 0 for name in OF_MAIN)
    shares = {name: time["share"] for name, time in profile["stages"].items()}
    assert sum(shares.values()) == pytest.approx(1)
    assert 0 <= shares[OTHER] < 0.2
    assert 0 < profile["around_trace"] < 1
    named = {line.split()[0] for line in printed.splitlines() if line.startswith("  ")}
    assert named >= OF_MAIN | {"around", "beside:"}


def test_profile_changes_no_byte_of_the_dataset(profiled, tmp_path):
    out, _ = profiled
    plain = render(tmp_path / "dice", *DICE)
    assert report(plain)["profile"] is None
    assert {"trace", "write", "read"} <= set(report(plain)["stages"])
    assert everything(plain) == everything(out)
