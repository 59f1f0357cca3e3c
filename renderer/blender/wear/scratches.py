"""Scratches: thin lines in all directions, long and short."""

from renderer.blender.fields import Scalar, Vector, cells, noise_vector, object_normal
from renderer.blender.nodes import lowered, overlay
from renderer.blender.wear.traces import Traces

# Length and half width, metres: few that are long, more that are short and fine.
LAYERS = (
    (0.1, 0.0002), (0.06, 0.00015), (0.045, 0.00012), (0.03, 0.0001), (0.022, 0.00008), (0.015, 0.00007),
)  # fmt: skip
DEPTH_M = 0.0003
BEND_M = 0.006


def add_scratches(traces: Traces) -> None:
    """Lay lines over a surface that are lighter, rougher and lower than it."""
    bend_m = noise_vector(traces.points(0.06), detail=0.0) * BEND_M
    lines = _lines(traces, bend_m, *LAYERS[0])
    for length_m, half_width_m in LAYERS[1:]:
        lines = lines.larger(_lines(traces, bend_m, length_m, half_width_m))
    overlay(traces.tree, lines * 0.6, {"Base Color": (0.75, 0.74, 0.72)})
    overlay(traces.tree, lines * 0.8, {"Roughness": 0.6, "Coat Roughness": 0.6, "Transmission Weight": 0.0})
    lowered(traces.tree, lines, DEPTH_M)


def _lines(traces: Traces, bend_m: Vector, length_m: float, half_width_m: float) -> Scalar:
    """A line along the surface, past the point of a cell of space, in as many of the cells as asked for."""
    bent = traces.points(length_m) + bend_m * (1 / length_m)
    around = cells(bent)
    across = (around.shade - (0.5, 0.5, 0.5)).cross(object_normal(traces.tree)).unit()
    off_line = (bent - around.point).dot(across).absolute()
    half_width = half_width_m / length_m
    taper = around.distance.ramp(0.7, 0.2)
    some = (around.shade.dot((97.0, 89.0, 83.0))).fraction().above(1.0 - traces.amount)
    return off_line.ramp(1.5 * half_width, 0.5 * half_width) * taper * some
