"""The backs of the cards: five patterns, each the same when the card is turned upside down."""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float, UInt8

from renderer.catalog.cards.canvas import Canvas, blank_card, developed, double_headed
from renderer.catalog.cards.cloth import Cloth, Motif, draw_area, draw_band
from renderer.catalog.cards.curves import arc, smooth
from renderer.catalog.cards.deck import CARD_SIZE_MM, BackPattern, BackStyle, DeckStyle, Rgb

_CORNERS = np.array([(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)])


def draw_back(style: DeckStyle, height_px: int = 528) -> UInt8[np.ndarray, "h w 3"]:
    """The whole rectangular back, sRGB; `height_px` times 63/88 pixels wide."""
    back = style.back
    canvas = blank_card(height_px, style.paper)
    panel = _panel(back)
    canvas.clipped(panel, lambda layer: _PATTERNS[back.pattern](layer, back))
    if back.border_mm > 0:
        canvas.stroke(panel, back.ink, 0.4, closed=True)
    double_headed(canvas)
    return developed(canvas, height_px)


def _panel(back: BackStyle, inset_mm: float = 0.0) -> Float[np.ndarray, "4 2"]:
    """The rectangle inside the border."""
    panel: Float[np.ndarray, "4 2"] = _CORNERS * (np.array(CARD_SIZE_MM) / 2 - back.border_mm - inset_mm)
    return panel


def _lattice(canvas: Canvas, back: BackStyle) -> None:
    canvas.fill(_panel(back), back.ink)
    pitch, tall = 5.0, canvas.at(0.0, 0.0, scale=(1.0, 0.72))
    cells = Cloth(ground=back.ink, ink=back.accent, motif=Motif.LOZENGES)
    draw_area(tall, _panel(back) * (1.0, 1.0 / 0.72), cells, pitch)
    crossings = (np.arange(-16, 16) + 0.5) * pitch  # of the lines with the middle row, between its cells
    for side in (-1.0, 1.0):
        ends = [
            np.stack([crossings + side * y / 2, np.full_like(crossings, y)], axis=1) for y in (-70.0, 70.0)
        ]
        tall.stroke_each(np.stack(ends, axis=1), back.accent, 0.4)
    _edge(canvas, back, 1.4)
    _rosette(canvas, back, 0.0, 0.0, 9.0)


def _edge(canvas: Canvas, back: BackStyle, width: float) -> None:
    """A hem along the border, pale with a line in it."""
    outline = _panel(back, width / 2)
    canvas.stroke(outline, back.accent, width, closed=True)
    canvas.stroke(outline, back.ink, width * 0.35, closed=True)


def _rosette(canvas: Canvas, back: BackStyle, x: float, y: float, radius: float) -> None:
    """Rings of petals, pale on ink and ink on pale in turn."""
    centre = canvas.at(x, y, scale=radius)
    centre.disc(0.0, 0.0, 1.08, back.ink)
    inks = (back.accent, back.ink)
    for ring, (outer, petals) in enumerate(((1.0, 24), (0.8, 16), (0.58, 12), (0.36, 8))):
        centre.disc(0.0, 0.0, outer, inks[ring % 2])
        _petals(centre, outer * 0.86, outer * 0.2, petals, inks[(ring + 1) % 2])
    centre.disc(0.0, 0.0, 0.15, back.accent)
    centre.disc(0.0, 0.0, 0.08, back.ink)


def _petals(canvas: Canvas, distance: float, length: float, count: int, ink: Rgb) -> None:
    width = 0.36 * 2 * np.pi * distance / count
    petal = arc((0.0, -distance), (width, length * 0.5), 0.0, 330.0)
    angle = np.arange(count) * 2 * np.pi / count
    turn = np.stack([np.stack([np.cos(angle), np.sin(angle)]), np.stack([-np.sin(angle), np.cos(angle)])])
    canvas.fill_each(np.einsum("kc,cdn->nkd", petal, turn), ink)


def _scrolls(canvas: Canvas, back: BackStyle) -> None:
    """Leafy spirals that fill the ground between the rosettes."""
    angle = np.linspace(0.0, 3.4 * np.pi, 40)
    radius = 5.4 * (1 - angle / angle[-1]) + 0.4
    spiral = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
    leaves = Cloth(ground=back.accent, ink=back.ink, motif=Motif.CHEVRONS)
    for x in (-20.0, -8.5, 8.5, 20.0):
        for y in (-34.0, -22.5, -11.0, 0.0):
            side = 1.0 if x * (y + 17.0) > 0 else -1.0
            draw_band(canvas.at(x, y, scale=(side, 1.0)), spiral, 1.15, leaves, (back.accent,))


def _rosettes(canvas: Canvas, back: BackStyle) -> None:
    canvas.fill(_panel(back), back.ink)
    lace = Cloth(ground=back.ink, ink=back.accent, motif=Motif.DOTS)
    draw_area(canvas, _panel(back), lace, 1.7)
    _scrolls(canvas, back)
    half_width, half_height = _panel(back)[2]
    for x in (-half_width, half_width):
        _rosette(canvas, back, x, -half_height, 10.0)
        _rosette(canvas, back, x, 0.0, 6.0)
    _rosette(canvas, back, 0.0, -20.0, 13.0)
    _rosette(canvas, back, 0.0, 0.0, 7.0)
    wing = smooth([(-4.0, -6.0), (-10.0, -8.5), (-17.0, -5.0), (-22.0, -7.5)])
    rays = Cloth(ground=back.accent, ink=back.ink, motif=Motif.BARS)
    for side in (1.0, -1.0):
        draw_band(canvas, wing * (side, 1.0), 2.4, rays, (back.ink,))
    _edge(canvas, back, 1.8)


def _plaid(canvas: Canvas, back: BackStyle) -> None:
    """Crossing stripes that mix where they cross."""
    h, w = canvas.pixels.shape[:2]
    scale, shift = canvas.pixel_from_local[:, :2], canvas.pixel_from_local[:, 2]
    across = _plaid_share((np.arange(w) + 0.5 - shift[0]) / scale[0, 0])
    down = _plaid_share((np.arange(h) + 0.5 - shift[1]) / scale[1, 1])
    mix = (across[None, :, None] + down[:, None, None]) / 2
    blend = mix * np.array(back.accent) + (1 - mix) * np.array(back.ink)
    canvas.pixels[...] = np.rint(blend).astype(np.uint8)


def _plaid_share(position_mm: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
    """How much of the second colour a set of parallel stripes has at a distance from the middle one."""
    phase = np.abs(position_mm) % 11.0
    edges_mm = (0.0, 4.6, 7.35, 8.25, 9.1, 9.7)
    share: Float[np.ndarray, " n"] = np.array((0.5, 0.0, 0.9, 0.0, 0.35, 0.0))[
        np.searchsorted(edges_mm, phase, side="right") - 1
    ]
    return share


def _stripe(canvas: Canvas, back: BackStyle) -> None:
    canvas.fill(_panel(back), back.ink)
    for x, width in ((0.0, 9.0), (-8.0, 1.2), (8.0, 1.2), (-11.0, 0.4), (11.0, 0.4)):
        canvas.stroke([(x, -50.0), (x, 50.0)], back.accent, width)
    draw_band(
        canvas,
        np.array([(0.0, -46.0), (0.0, 46.0)]),
        6.0,
        Cloth(ground=back.ink, ink=back.accent, motif=Motif.LOZENGES),
        (),
    )
    _edge(canvas, back, 1.0)


def _scales(canvas: Canvas, back: BackStyle) -> None:
    draw_area(canvas, _panel(back), Cloth(ground=back.ink, ink=back.accent, motif=Motif.SCALES), 4.2, 90.0)
    for width, ink in ((7.0, back.accent), (6.0, back.ink), (1.4, back.accent)):
        canvas.stroke([(-40.0, 0.0), (40.0, 0.0)], ink, width)
    _rosette(canvas, back, 0.0, 0.0, 8.0)
    _edge(canvas, back, 1.6)


_PATTERNS: dict[BackPattern, Callable[[Canvas, BackStyle], None]] = {
    BackPattern.LATTICE: _lattice,
    BackPattern.ROSETTES: _rosettes,
    BackPattern.PLAID: _plaid,
    BackPattern.STRIPE: _stripe,
    BackPattern.SCALES: _scales,
}
