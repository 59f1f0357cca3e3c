"""What a process may use: limits of control groups of both versions, and the GPUs left visible to it."""

from pathlib import Path

import pytest

from renderer.execution.machine import cgroup_folders, cores_of, free_bytes_of, gpu_names, measure_machine


def group(folder: Path, **files: object) -> Path:
    """A control group's folder with files, named with `__` for a point."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name.replace("__", ".")).write_text(f"{content}\n")
    return folder


@pytest.mark.parametrize(
    ("files", "cores"),
    [
        ({"cpu__max": "max 100000"}, None),
        ({"cpu__max": "200000 100000"}, 2),
        ({"cpu__max": "250000 100000"}, 3),
        ({"cpu__max": "10000 100000"}, 1),
        ({"cpu__cfs_quota_us": -1, "cpu__cfs_period_us": 100000}, None),
        ({"cpu__cfs_quota_us": 400000, "cpu__cfs_period_us": 100000}, 4),
        ({}, None),
    ],
)
def test_quota_of_processor_time_is_a_number_of_cores(tmp_path, files, cores):
    assert cores_of(group(tmp_path, **files)) == cores


@pytest.mark.parametrize(
    ("files", "free"),
    [
        ({"memory__max": "max", "memory__current": 5}, None),
        ({"memory__max": 100, "memory__current": 30}, 70),
        ({"memory__max": 100, "memory__current": 30, "memory__stat": "anon 10\ninactive_file 15"}, 85),
        ({"memory__max": 100, "memory__current": 130}, 0),
        ({"memory__limit_in_bytes": 100, "memory__usage_in_bytes": 30}, 70),
        ({}, None),
    ],
)
def test_memory_that_is_left_of_a_limit(tmp_path, files, free):
    assert free_bytes_of(group(tmp_path, **files)) == free


def test_limits_of_a_group_and_of_all_around_it_count(tmp_path):
    own = "3:memory:/slurm/job_7\n2:cpu,cpuacct:/slurm\n0::/user.slice/a.scope\n"
    assert list(cgroup_folders(own, tmp_path)) == [
        tmp_path / "memory" / "slurm" / "job_7",
        tmp_path / "memory" / "slurm",
        tmp_path / "memory",
        tmp_path / "cpu,cpuacct" / "slurm",
        tmp_path / "cpu,cpuacct",
        tmp_path / "user.slice" / "a.scope",
        tmp_path / "user.slice",
        tmp_path,
    ]


@pytest.mark.parametrize(
    ("count", "listed", "names"),
    [
        (0, None, ()),
        (3, None, ("0", "1", "2")),
        (2, "4,7", ("4", "7")),
        (1, "GPU-8a7b", ("GPU-8a7b",)),
        (0, "", ()),
        (0, "-1", ()),
        (1, "0, 9", ("0",)),  # there is no tenth, and CUDA stops at the first that is not there
    ],
)
def test_gpus_have_the_names_that_the_user_gave_them(count, listed, names):
    environment = {} if listed is None else {"CUDA_VISIBLE_DEVICES": listed}
    assert gpu_names(count, environment) == names


def test_this_machine_has_something_to_offer():
    machine = measure_machine("cpu")
    assert machine.cores >= 1
    assert machine.available_bytes > 0
    assert machine.gpus == ()
