"""How many workers run at once, and what each gets: of cores, memory, GPUs and the user's wishes."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.recipes import dice_recipe

from renderer.execution.capacity import USABLE_SHARE, WORKER_BYTES, Capacity, capacity_of
from renderer.execution.machine import Machine

DEFAULTS = dice_recipe().execution
GPUS = ("0", "1", "2")
machines = st.builds(
    Machine,
    cores=st.integers(1, 256),
    available_bytes=st.integers(0, 10**12),
    gpus=st.sampled_from([(), GPUS[:1], GPUS]),
)
wishes = st.builds(
    lambda workers, threads: replace(DEFAULTS, workers=workers, threads=threads),
    st.none() | st.integers(1, 300),
    st.none() | st.integers(1, 64),
)


def capacity(machine: Machine, units: int = 1000, **wishes: object) -> Capacity:
    return capacity_of(machine, replace(DEFAULTS, **wishes), units)


def machine(cores: int = 8, gigabytes: float = 64, gpus: tuple[str, ...] = ()) -> Machine:
    return Machine(cores=cores, available_bytes=int(gigabytes * 1e9), gpus=gpus)


@given(machines, wishes, st.integers(1, 10**6))
def test_there_are_workers_but_no_more_than_units(machine, wishes, units):
    found = capacity_of(machine, wishes, units)
    assert 1 <= len(found.places) <= units
    assert all(place.threads >= 1 for place in found.places)
    assert len(found.places) <= (wishes.workers or max(machine.cores, len(machine.gpus)))


@given(machines, st.integers(1, 10**6))
def test_by_default_cores_are_shared_and_memory_is_enough(machine, units):
    found = capacity_of(machine, DEFAULTS, units)
    workers = len(found.places)
    assert workers == 1 or workers * WORKER_BYTES <= machine.available_bytes
    assert workers * found.places[0].threads <= max(machine.cores, workers)
    assert workers * found.memory_limit_bytes == pytest.approx(USABLE_SHARE * machine.available_bytes)


def test_a_worker_a_core_without_gpus():
    assert [place.threads for place in capacity(machine(cores=4)).places] == [1] * 4


def test_few_units_leave_more_threads_to_each_worker():
    assert [place.threads for place in capacity(machine(cores=8), units=2).places] == [4, 4]


def test_little_memory_makes_few_workers():
    assert len(capacity(machine(cores=64, gigabytes=11)).places) == 4


def test_a_worker_a_gpu_each_pinned_to_its_own():
    places = capacity(machine(cores=16, gpus=GPUS)).places
    assert [place.gpu for place in places] == ["0", "1", "2"]
    assert {place.threads for place in places} == {5}


def test_more_workers_than_gpus_take_them_in_turn():
    places = capacity(machine(gpus=GPUS[:2]), workers=5).places
    assert [place.gpu for place in places] == ["0", "1", "0", "1", "0"]


def test_the_user_has_the_last_word_on_workers_threads_and_memory():
    found = capacity(machine(cores=2, gigabytes=1), workers=6, threads=3, memory_limit_gb=1.5)
    assert [place.threads for place in found.places] == [3] * 6
    assert found.memory_limit_bytes == 1.5e9
