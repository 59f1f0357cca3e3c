"""Stains: what was spilt and dried, thin within and dark along its edge."""

from statistics import NormalDist

from renderer.blender.fields import noise
from renderer.blender.nodes import overlay
from renderer.blender.wear.traces import Traces

SIZE_M = 0.035
EDGE = 0.012  # of the noise: width of a stain's outline
TIDE = 0.11  # of the noise: from one dark ring to the next within it
NOISE = NormalDist(0.5, 0.0786)  # how the values of the noise below are spread over a surface, as measured


def add_stains(traces: Traces) -> None:
    """Darken a share of the surface, and change its gloss there."""
    tree = traces.tree
    level = NOISE.inv_cdf(1 - traces.amount) if traces.amount < 1 else 0.0
    blot = noise(traces.points(SIZE_M), detail=4.0)
    inside = blot.ramp(level - EDGE / 2, level + EDGE / 2)
    tide = ((blot - level) * (1 / TIDE)).fraction().ramp(0.35, 0.0) * inside
    depth = noise(traces.points(3 * SIZE_M), detail=1.0).ramp(0.3, 0.7).between(0.5, 1.0)
    hue = (traces.uniform(0.04, 0.2), traces.uniform(0.03, 0.1), traces.uniform(0.01, 0.06))
    overlay(tree, (inside * 0.35 + tide * 0.4) * depth, {"Base Color": hue})
    gloss = 0.3 if traces.uniform(0, 1) < 0.5 else 0.75
    overlay(tree, inside * 0.7, {"Roughness": gloss, "Coat Roughness": gloss})
