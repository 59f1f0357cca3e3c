"""How many workers the nodes of a Ray cluster have room for, and what Ray's errors mean."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.recipes import dice_recipe

from renderer.errors import InfrastructureError
from renderer.execution.ray_crew import NODE_LOST, explain_failure
from renderer.execution.ray_places import find_places

GB = 10**9


def node(cpus: float = 8, gpus: float = 0, memory_gb: float = 1000, *, alive: bool = True):
    resources = {"CPU": cpus, "memory": memory_gb * GB, "node:10.0.0.1": 1.0}
    return {"Alive": alive, "Resources": resources | ({"GPU": gpus} if gpus else {})}


def settings_of(**values):
    return dice_recipe(**{f"execution.{key}": value for key, value in values.items()}).execution


def count(*nodes, on_gpu: bool = True, **settings):
    return find_places(nodes, settings_of(**settings), on_gpu=on_gpu).count


def test_every_core_takes_a_worker_where_there_is_no_gpu():
    assert count(node(8), node(4)) == 12


def test_gpus_take_one_worker_each_and_nodes_without_take_none():
    assert count(node(16, gpus=4), node(64)) == 4
    assert count(node(16, gpus=4), node(64), on_gpu=False) == 80


def test_no_worker_is_spread_over_two_nodes():
    assert count(node(3), node(3), threads=2) == 2
    assert count(node(3), node(3), threads=4) == 0


def test_memory_bounds_the_workers_of_a_node():
    assert count(node(64, memory_gb=5)) == 2
    assert count(node(64, memory_gb=5), memory_limit_gb=1.0) == 5


def test_the_users_number_is_the_most_and_its_share_of_the_cores_goes_to_each():
    assert count(node(8), workers=3) == 3
    assert find_places([node(8)], settings_of(workers=2), on_gpu=False).need.threads == 4
    assert find_places([node(4), node(4)], settings_of(workers=1), on_gpu=False).need.threads == 4


@given(st.lists(st.tuples(st.integers(0, 64), st.integers(0, 8), st.integers(0, 50)), max_size=5))
def test_a_lost_node_takes_its_places_along(shapes):
    nodes = [node(cpus, gpus, memory) for cpus, gpus, memory in shapes]
    places = find_places(nodes, settings_of(), on_gpu=True)
    without = find_places([*nodes, node(64, 8, alive=False)], settings_of(), on_gpu=True)
    assert without == places
    assert places.for_need(places.need) == places


def test_what_workers_need_is_said():
    assert find_places([node(8, 1)], settings_of(threads=3), on_gpu=True).needs == (
        "3 CPUs, a GPU and 2 GB of memory"
    )


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("The actor died because its node has died. Node Id: 12", NODE_LOST),
        ("Task was killed due to the node running low on memory.", "its node ran out of memory"),
        ("The actor is dead because its worker process has died. Worker exit type: SYSTEM_ERROR", "crashed"),
        ("ModuleNotFoundError: No module named 'renderer'", "cannot import gapless"),
    ],
)
def test_errors_of_ray_are_told_in_words(said, reason):
    assert reason in explain_failure(RuntimeError(said))


def test_an_infrastructure_error_of_a_worker_speaks_for_itself():
    error = RuntimeError("a long traceback")
    error.cause = InfrastructureError("Blender gave no result")
    assert explain_failure(error) == "Blender gave no result"
