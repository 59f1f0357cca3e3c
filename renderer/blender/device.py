"""Which device Cycles traces on."""

from typing import Any

import bpy

from renderer.blender.runtime import silence, start_blender
from renderer.errors import DeviceError

GPU_BACKENDS = ("OPTIX", "CUDA", "HIP", "ONEAPI", "METAL")  # the faster first


def find_gpus() -> dict[str, list[str]]:
    """Names of the GPUs that Cycles can use, by backend."""
    found = {backend: _devices(backend) for backend in GPU_BACKENDS}
    return {
        backend: [d.name for d in devices if d.type == backend]
        for backend, devices in found.items()
        if any(d.type == backend for d in devices)
    }


def check_gpu() -> None:
    """Start Blender and look for a GPU.

    Raises:
        DeviceError: there is none; the message lists what was found.
    """
    start_blender()
    with silence():
        select_device("gpu")


def check_optix() -> None:
    """Start Blender and look for a GPU that OptiX denoises on.

    Raises:
        DeviceError: there is none.
    """
    start_blender()
    with silence():
        gpus = find_gpus()
    if "OPTIX" not in gpus:
        found = ", ".join(f"{backend} {name}" for backend, names in gpus.items() for name in names)
        raise DeviceError(
            f"engine.denoiser=optix needs a GPU with OptiX, but Blender found {found or 'no GPU'}; "
            "use engine.denoiser=openimagedenoise"
        )


def select_device(wanted: str) -> str:
    """Point Cycles at a device and return its description.

    Args:
        wanted: 'auto' takes a GPU where there is one, 'cpu' never, 'gpu' must have one.

    Raises:
        DeviceError: a GPU was asked for and there is none.
    """
    gpus = find_gpus() if wanted != "cpu" else {}
    if wanted == "gpu" and not gpus:
        cpus = ", ".join(device.name for device in _devices("CPU"))
        raise DeviceError(
            f"engine.device=gpu needs a GPU with {', '.join(GPU_BACKENDS)}, but Blender found only "
            f"CPU {cpus}; use engine.device=auto or check the GPU's driver"
        )
    backend = next(iter(gpus), None)
    _preferences().compute_device_type = backend or "NONE"
    bpy.context.scene.cycles.device = "GPU" if backend else "CPU"
    if backend is None:
        return "CPU"
    for device in _devices(backend):
        device.use = device.type == backend
    return f"{backend} {', '.join(gpus[backend])}"


def _preferences() -> Any:
    return bpy.context.preferences.addons["cycles"].preferences


def _devices(backend: str) -> list[Any]:
    try:
        return list(_preferences().get_devices_for_type(backend))
    except ValueError:  # a backend this build of Blender was made without
        return []
