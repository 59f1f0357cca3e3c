"""Scratches: thin lines in all directions, long and short."""

from renderer.blender.fields import Scalar, Vector, cells, noise_vector, object_normal
from renderer.blender.nodes import overlay, tilted
from renderer.blender.wear.traces import Traces

# Length and half width, metres: few that are long, more that are short and fine.
LAYERS = ((0.1, 0.0002), (0.06, 0.00015), (0.04, 0.00012), (0.025, 0.0001), (0.016, 0.00008))
SLOPE = 0.8  # of a scratch's walls
BEND_M = 0.006


def add_scratches(traces: Traces) -> None:
    """Lay grooves into a surface that are lighter and rougher than it."""
    bend_m = noise_vector(traces.points(0.06), detail=0.0) * BEND_M
    (lines, walls), *others = (_grooves(traces, bend_m, *layer) for layer in LAYERS)
    for mask, lean in others:
        lines, walls = lines.larger(mask), walls + lean
    broken = {"Anisotropic": 0.0, "Transmission Weight": 0.0}
    overlay(traces.tree, lines * 0.7, {"Base Color": (0.85, 0.84, 0.82)})
    overlay(traces.tree, lines * 0.8, {"Roughness": 0.6, "Coat Roughness": 0.6, **broken})
    tilted(traces.tree, walls.to_world())


def _grooves(traces: Traces, bend_m: Vector, length_m: float, half_width_m: float) -> tuple[Scalar, Vector]:
    """A line along the surface, past the point of a cell of space, in as many of the cells as asked for.

    Returns:
        Where it is, and how far its walls lean, in the object's frame. A Bump node would find the same by
        looking for the cells three times more.
    """
    bent = traces.points(length_m) + bend_m * (1 / length_m)
    around = cells(bent)
    across = (around.shade - (0.5, 0.5, 0.5)).cross(object_normal(traces.tree)).unit()
    off_line = (bent - around.point).dot(across) * (length_m / half_width_m)
    taper = around.distance.ramp(0.7, 0.2)
    some = around.shade.dot((97.0, 89.0, 83.0)).fraction().above(1.0 - traces.amount)
    mask = off_line.absolute().ramp(1.5, 0.5) * taper * some
    return mask, across * (off_line * mask * -SLOPE)
