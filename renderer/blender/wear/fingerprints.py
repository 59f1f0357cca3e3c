"""Fingerprints: ovals of ridges, seen by their gloss more than by their colour."""

import math

from renderer.blender.fields import cells, flattened, joined, noise, noise_vector
from renderer.blender.nodes import overlay
from renderer.blender.wear.traces import Traces

CELL_M = 0.022  # at most one print in each
LENGTH_M, WIDTH_M = 0.017, 0.012
RIDGES_M = 0.0005  # from one to the next, of adult fingers


def add_fingerprints(traces: Traces) -> None:
    """Lay grease over ovals of 17 mm, in ridges that loop about a point of each."""
    u, v, face = flattened(traces.points(CELL_M))
    at = joined(u + face * 17.0, v, 0.0)
    around = cells(at, randomness=0.6, dimensions=2)
    turn, some, pressed = around.shade.parts()
    x, y, _ = (at - around.point).parts()
    sine, cosine = (turn * math.pi).sine(), (turn * math.pi).cosine()
    along, across = x * cosine + y * sine, y * cosine - x * sine
    oval = joined(along * (2 * CELL_M / LENGTH_M), across * (2 * CELL_M / WIDTH_M), 0.0).length()
    smear = noise(traces.points(0.004), detail=1.0).ramp(0.25, 0.6)
    loops = joined(along * 0.55 + 0.06, across, 0.0) + noise_vector(at * 3.5, detail=0.0) * 0.12
    ridge = (loops.length() * (2 * math.pi * CELL_M / RIDGES_M)).cosine().ramp(-0.6, 0.6)
    touched = oval.ramp(1.05, 0.85) * some.above(1.0 - traces.amount) * pressed.between(0.5, 1.0)
    grease = touched * ridge.between(0.35, 1.0) * smear
    overlay(traces.tree, grease * 0.75, {"Roughness": 0.5, "Coat Roughness": 0.4})
    overlay(traces.tree, grease * 0.22, {"Base Color": (0.36, 0.33, 0.29)})
