"""Drawing what objects lie on: a place, what it has, and the tray."""

from collections.abc import Iterator
from typing import Any

from renderer.randomize.draws import DrawRecorder
from renderer.randomize.plan import factors_of
from renderer.recipe.places import PLACES, Surface
from renderer.scene import Draws, Ground


def draw_ground(draws: DrawRecorder, surface: Surface, half_size_m: tuple[float, float]) -> Ground:
    """Draw the place, and of its parts what it has."""
    place = draws.draw(surface.place)
    is_photo = place == "photo"
    return Ground(
        half_size_m=half_size_m,
        parameters=_drawn(draws, surface.appearance, "surface.") if not is_photo else {},
        tray=_draw_tray(draws, surface, half_size_m),
        place=place,
        parts={"photo": {"photo": draws.draw(surface.photo)}}
        if is_photo
        else dict(_parts(draws, surface, place)),
    )


def _parts(draws: DrawRecorder, surface: Surface, place: str) -> Iterator[tuple[str, Draws]]:
    for name in PLACES[place]:
        part = getattr(surface, name)
        if name != "room" or draws.draw(part.presence):
            yield name, _drawn(draws, part, f"surface.{name}.")


def _draw_tray(draws: DrawRecorder, surface: Surface, half_size_m: tuple[float, float]) -> Draws | None:
    if not draws.draw(surface.tray.presence):
        return None
    fraction = surface.tray.wall_height_fraction
    share = None if fraction is None else draws.draw(fraction)
    spill = {"spill": surface.tray.spill}
    if share is None:
        return _drawn(draws, surface.tray, "surface.tray.", without=("wall_height_fraction",)) | spill
    tray = _drawn(draws, surface.tray, "surface.tray.", without=("wall_height_fraction", "wall_height_m"))
    return tray | {"wall_height_m": share * 2 * min(half_size_m)} | spill


def _drawn(draws: DrawRecorder, part: Any, prefix: str, without: tuple[str, ...] = ()) -> dict[str, Any]:
    """The draws of a part of the recipe, whether it is there apart, by their names after the prefix."""
    left_out = {"presence", *without}
    return {short: draws.draw(f) for short, f in factors_of(part, prefix).items() if short not in left_out}
