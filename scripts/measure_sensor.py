#!/usr/bin/env python
"""What each step of the sensor costs, for one image on this machine.

    scripts/measure_sensor.py --size 640x480 --rounds 15 --device cpu

Steps take turns; printed are medians, in milliseconds beyond an image with no step on, and as a ratio to it.
"""

import argparse
import sys
import time
from collections.abc import Mapping
from statistics import median

import torch

from renderer.scene import SensorValues
from renderer.sensor import develop

RAW = {"iso": 800.0, "full_well_e": 6000.0, "read_noise_e": 3.0}
FILE = {"jpeg_quality": 80.0, "jpeg_tables": "standard", "jpeg_subsampling": "4:2:0"}
STEPS: Mapping[str, SensorValues] = {
    "no step": SensorValues(),
    "chromatic aberration": SensorValues(chromatic_aberration_px=1.0),
    "defocus 1.5 px": SensorValues(defocus_px=1.5),
    "motion blur 4 px": SensorValues(motion_blur_px=4.0, motion_blur_angle_deg=30.0),
    "vignetting": SensorValues(vignetting=0.3),
    "noise, three channels": SensorValues(**RAW),
    "mosaic, malvar": SensorValues(mosaic="rggb", demosaic="malvar"),
    "noise on a mosaic": SensorValues(**RAW, mosaic="rggb", demosaic="malvar"),
    "filmic": SensorValues(tone_curve="filmic"),
    "contrast": SensorValues(contrast=0.3),
    "sharpening 1 px": SensorValues(sharpening=1.0, sharpening_radius_px=1.0),
    "rescaling": SensorValues(rescale=0.7),
    "JPEG": SensorValues(**FILE),
}
ALL = SensorValues(
    chromatic_aberration_px=1.0, defocus_px=1.5, motion_blur_px=4.0, motion_blur_angle_deg=30.0,
    vignetting=0.3, white_balance_red=1.1, white_balance_blue=0.9, gain_ev=0.2, mosaic="rggb",
    demosaic="malvar", tone_curve="filmic", contrast=0.3, sharpening=1.0, sharpening_radius_px=1.0,
    rescale=0.7, **RAW, **FILE,
)  # fmt: skip


def seconds(radiance: torch.Tensor, values: SensorValues) -> float:
    """Develop one image and wait for it."""
    start = time.perf_counter()
    develop(radiance, [values], [1]).cpu()
    return time.perf_counter() - start


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--size", default="640x480", metavar="WxH")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--device", default="cpu")
    options = parser.parse_args()
    width, height = (int(side) for side in options.size.split("x"))
    radiance = torch.rand((1, 3, height, width), generator=torch.Generator().manual_seed(0)) ** 3
    radiance = radiance.to(options.device)
    steps = {**STEPS, "all steps": ALL}
    times: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(options.rounds + 1):
        for name, values in steps.items():
            times[name].append(seconds(radiance, values))
    base_ms = 1000 * median(times["no step"][1:])
    print(
        f"{width}x{height} on {options.device}, {torch.get_num_threads()} threads; no step {base_ms:.0f} ms"
    )
    for name, measured in times.items():
        if name != "no step":
            whole_ms = 1000 * median(measured[1:])  # the first is to warm up
            print(f"  {name:<22} {whole_ms - base_ms:+6.0f} ms   {whole_ms / base_ms:5.2f}x")
    return 0


if __name__ == "__main__":
    sys.exit(main())
