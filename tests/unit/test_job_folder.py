"""The sub-folder of a job of a sweep: named after what the job was told, in names every disk takes."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renderer.commands.compose import job_folder


@pytest.mark.parametrize(
    ("overrides", "name"),
    [
        (["recipe=dice", "seed=1"], "recipe=dice,seed=1"),
        (["seed=1", "recipe=dice"], "recipe=dice,seed=1"),
        (["seed=1", "out=sweeps/x"], "seed=1"),
        (["out=sweeps/x"], "defaults"),
        ([], "defaults"),
        (["seed=1", "hydra.sweeper.max_batch_size=2", "hydra/launcher=joblib"], "seed=1"),
        (["camera.tilt_deg=[uniform, 0, 35]"], "camera.tilt_deg=-uniform,-0,-35-"),
        (["surface.image_folder=/home/me/wood"], "surface.image_folder=-home-me-wood"),
        (["objects.die.color='#aa2010'"], "objects.die.color=-aa2010-"),
        (["+objects.second.source=die"], "+objects.second.source=die"),
    ],
)
def test_folder_is_named_after_the_overrides_but_not_out(overrides, name):
    assert job_folder(overrides) == name


@given(st.lists(st.tuples(st.text(), st.text()).map("=".join), max_size=4))
def test_folder_is_one_plain_name(overrides):
    name = job_folder(overrides)
    assert re.fullmatch(r"[A-Za-z0-9_.,=+-]+", name)
    assert name not in (".", "..")


@pytest.mark.parametrize("signs", [("<", ">"), ("<=", ">="), ("==", "!="), (">", ">=")])
def test_folders_of_different_comparisons_differ(signs):
    one, other = (job_folder([f'constraints.a="camera.tilt_deg {sign} 30"']) for sign in signs)
    assert one != other


@given(st.lists(st.text("abc", min_size=40), min_size=2, max_size=20, unique=True))
def test_long_folders_are_cut_and_still_differ(values):
    names = [job_folder([f"data={value * 10}"]) for value in values]
    assert max(map(len, names)) <= 210
    assert len(set(names)) == len(names)
