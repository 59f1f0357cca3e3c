"""Hypothesis for all unit tests: no time limits, for a busy machine is no bug; and a cache for each.

With CI in the environment its examples are the same in every run: there a failure is of the change that is
tested. Elsewhere they are new ones each time, which find what nobody thought of.
"""

import os

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile(
    "gapless",
    deadline=None,
    max_examples=50,
    derandomize="CI" in os.environ,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("gapless")


@pytest.fixture(scope="session")
def made_source(tmp_path_factory):
    """A small dataset made without Blender, for exports to read."""
    from unit.exported import made_dataset

    with pytest.MonkeyPatch.context() as patch:
        yield made_dataset(tmp_path_factory.mktemp("made"), patch)


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    """Each test has a cache of its own: what one finds of a mesh is no other's."""
    monkeypatch.setenv("GAPLESS_CACHE", str(tmp_path / "cache of gapless"))
