"""Dust: a pale, dull layer on what faces up, with lint and grains in it."""

from renderer.blender.fields import noise, world_normal
from renderer.blender.nodes import overlay
from renderer.blender.wear.traces import Traces

DUST = (0.52, 0.49, 0.45)


def add_dust(traces: Traces) -> None:
    """Cover what faces up, thicker in patches; at 1 little of the surface shines through."""
    _, _, up = world_normal(traces.tree).parts()
    patch = noise(traces.points(0.05), detail=3.0, roughness=0.6).ramp(0.3, 0.7)
    grain = noise(traces.points(0.0012), detail=1.0).ramp(0.42, 0.62)
    lint = noise(traces.points(0.0012) * (1.0, 0.08, 1.0), detail=0.0).ramp(0.74, 0.78)
    film = patch.between(0.25, 0.9) * traces.amount * grain.between(0.75, 1.0)
    specks = grain * patch * (0.5 * traces.amount)
    layer = film.larger(specks).larger(lint * traces.amount) * up.ramp(0.2, 0.85)
    dull = {"Metallic": 0.0, "Transmission Weight": 0.0, "Coat Weight": 0.0, "Subsurface Weight": 0.0}
    overlay(traces.tree, layer, {"Base Color": DUST, "Roughness": 1.0, "Specular IOR Level": 0.1, **dull})
