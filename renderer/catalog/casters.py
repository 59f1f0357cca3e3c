"""The outlines of what casts shadows from outside the view: flat meshes in the XY plane, Y up."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from jaxtyping import Float

from renderer.catalog.model import Material, Model, flat_shaded
from renderer.scene import Caster, CasterShape

Outline = Float[np.ndarray, "n 2"]  # of a convex polygon, of which neighbours may overlap
FRAME, BAR = 0.06, 0.035  # widths in a window, over its own
SLATS, SLAT_SHARE, SLATS_DOWN = 12, (0.35, 0.75), (0.4, 1.0)
LEAVES, TWIGS = 90, 5
GREY = (0.2, 0.2, 0.2)  # what a caster sends back to the scene is little and has no colour
CORNERS = 24


def caster_model(caster: Caster) -> Model:
    """The mesh of a caster, `size_m` along its longer side, centred."""
    rng = np.random.Generator(np.random.Philox(key=caster.shape_seed))
    outlines = _SHAPES[caster.shape](rng)
    points = np.concatenate(outlines)
    low, high = points.min(axis=0), points.max(axis=0)
    flat = (points - (low + high) / 2) * (caster.size_m / (high - low).max())
    vertices = np.concatenate([flat, np.zeros((len(flat), 1))], axis=1)
    starts = np.cumsum([0, *(len(outline) for outline in outlines[:-1])])
    triangles = [
        (start, start + n, start + n + 1)
        for start, outline in zip(starts, outlines, strict=True)
        for n in range(1, len(outline) - 1)
    ]
    return Model(mesh=flat_shaded(vertices, triangles), materials=(Material(color=GREY, roughness=1.0),))


def _board(rng: np.random.Generator) -> Sequence[Outline]:
    return [_box(0.0, 0.0, 1.0, rng.uniform(0.5, 1.0))]


def _bars(rng: np.random.Generator) -> Sequence[Outline]:
    """A window's frame and the bars in it; light comes through the panes."""
    height, upright, level = rng.uniform(1.0, 1.6), int(rng.integers(1, 3)), int(rng.integers(1, 4))
    half = height / 2
    frame = [
        *(_box(x, 0.0, FRAME, height) for x in (-0.5, 0.5)),
        *(_box(0.0, y, 1 + FRAME, FRAME) for y in (-half, half)),
    ]
    return [
        *frame,
        *(_box((n + 1) / (upright + 1) - 0.5, 0.0, BAR, height) for n in range(upright)),
        *(_box(0.0, height * (n + 1) / (level + 1) - half, 1.0, BAR) for n in range(level)),
    ]


def _blinds(rng: np.random.Generator) -> Sequence[Outline]:
    """Slats that leave a part of the light through, let down more or less far; and their cords."""
    share, down = rng.uniform(*SLAT_SHARE), rng.uniform(*SLATS_DOWN)
    pitch = 1.0 / SLATS
    count = round(SLATS * down)
    slats = [_box(0.0, 0.5 - (n + 0.5) * pitch, 1.0, share * pitch) for n in range(count)]
    length = count * pitch
    cords = [_box(x, 0.5 - length / 2, 0.008, length) for x in (-0.33, 0.33)]
    return [*slats, *cords, _box(0.0, 0.5, 1.0, 0.06)]


def _foliage(rng: np.random.Generator) -> Sequence[Outline]:
    """Twigs from one side, and leaves about them."""
    tips = np.stack([rng.uniform(0.1, 0.5, TWIGS), np.linspace(-0.45, 0.45, TWIGS)], axis=1)
    root = np.array([-0.5, rng.uniform(-0.2, 0.2)])
    twigs = [_stick(root, tip, 0.008) for tip in tips]
    along = rng.uniform(0.15, 1.0, (LEAVES, 1))
    at = root + along * (tips[rng.integers(0, TWIGS, LEAVES)] - root) + rng.normal(0, 0.05, (LEAVES, 2))
    leaves = [
        _leaf(place, rng.uniform(0.05, 0.12), rng.uniform(0.2, 0.5), rng.uniform(0, 2 * np.pi))
        for place in at
    ]
    return [*twigs, *leaves]


def _person(rng: np.random.Generator) -> Sequence[Outline]:
    """Head, neck and shoulders, and what is below them."""
    tilt = rng.uniform(-0.06, 0.06)
    shoulders = rng.uniform(0.4, 0.5)
    return [
        _oval(tilt, 0.72, 0.17, 0.23),
        _box(tilt / 2, 0.47, 0.17, 0.3),
        _oval(0.0, 0.05, shoulders, 0.32),
        _box(0.0, -0.25, 2 * shoulders * 0.92, 0.6),
    ]


def _hand(rng: np.random.Generator) -> Sequence[Outline]:
    """A palm, a forearm and five fingers, more or less spread."""
    spread = rng.uniform(0.6, 1.6)
    bases = np.array([[-0.16, 0.15], [-0.055, 0.19], [0.05, 0.18], [0.15, 0.12]])
    angles = spread * np.array([0.2, 0.05, -0.1, -0.3]) + np.pi / 2
    lengths = np.array([0.3, 0.35, 0.32, 0.24])
    fingers = [
        _capsule(base, base + length * np.array([np.cos(angle), np.sin(angle)]), 0.042)
        for base, length, angle in zip(bases, lengths, angles, strict=True)
    ]
    thumb = _capsule(np.array([-0.15, -0.1]), np.array([-0.2 - 0.12 * spread, 0.12]), 0.05)
    arm = _box(0.02, -0.4, 0.26, 0.4)
    return [*fingers, thumb, _oval(0.0, 0.0, 0.21, 0.25), arm]


def _box(x: float, y: float, width: float, height: float) -> Outline:
    w, h = width / 2, height / 2
    return np.array([(x - w, y - h), (x + w, y - h), (x + w, y + h), (x - w, y + h)])


def _oval(x: float, y: float, half_width: float, half_height: float) -> Outline:
    angle = np.arange(CORNERS) * (2 * np.pi / CORNERS)
    return np.stack([x + half_width * np.cos(angle), y + half_height * np.sin(angle)], axis=1)


def _stick(start: np.ndarray, end: np.ndarray, width: float) -> Outline:
    along = (end - start) / np.linalg.norm(end - start)
    across = np.array([-along[1], along[0]]) * width / 2
    return np.array([start - across, end - across / 2, end + across / 2, start + across])


def _capsule(start: np.ndarray, end: np.ndarray, radius: float) -> Outline:
    along = (end - start) / np.linalg.norm(end - start)
    heading = np.arctan2(along[1], along[0])
    turns = np.linspace(-np.pi / 2, np.pi / 2, CORNERS // 2)
    cap = np.stack([np.cos(heading + turns), np.sin(heading + turns)], axis=1) * radius
    return np.concatenate([end + cap, start - cap])


def _leaf(place: np.ndarray, length: float, slimness: float, turn_rad: float) -> Outline:
    at = np.linspace(0, np.pi, 6)
    side = np.stack([-np.cos(at) / 2, slimness * np.sin(at) ** 1.5 / 2], axis=1)
    outline = np.concatenate([side[:-1], side[:0:-1] * [1, -1]])[::-1] * length
    turn = np.array([[np.cos(turn_rad), -np.sin(turn_rad)], [np.sin(turn_rad), np.cos(turn_rad)]])
    placed: Outline = place + outline @ turn.T
    return placed


_SHAPES: Mapping[CasterShape, Callable[[np.random.Generator], Sequence[Outline]]] = {
    CasterShape.BARS: _bars,
    CasterShape.BLINDS: _blinds,
    CasterShape.FOLIAGE: _foliage,
    CasterShape.PERSON: _person,
    CasterShape.HAND: _hand,
    CasterShape.BOARD: _board,
}
