"""Drawing views: a camera, and the shots through it."""

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any

from renderer.randomize.cameras import Surroundings, draw_camera
from renderer.randomize.draws import DrawRecorder, recorder
from renderer.randomize.foreground import draw_foreground
from renderer.randomize.lights import draw_light_gains
from renderer.randomize.streams import FrameAddress, StreamKey, stream
from renderer.recipe.imaging import Camera
from renderer.recipe.keys import Factor, Level
from renderer.recipe.schema import Recipe
from renderer.scene import Light, SceneObject, SensorValues, Shot, View, Window


def draw_view(
    recipe: Recipe,
    address: FrameAddress,
    half_size_m: tuple[float, float],
    objects: Sequence[SceneObject] = (),
    lights: Sequence[Light] = (),
) -> View:
    """Draw one view of a scene, with all its shots.

    Args:
        address: of the scene and the view.
        half_size_m: of the layout area.
        objects: of the scene, for a camera that looks at one.
        lights: of the scene, for shots that change them.
    """
    draws = recorder(recipe, address)
    surroundings = Surroundings(view=address.view, half_size_m=half_size_m, objects=objects)
    aimed = draw_camera(draws, recipe.camera, surroundings)
    return View(
        camera=aimed.camera,
        follows=aimed.followed,
        foreground=draw_foreground(draws, recipe, aimed, objects),
        cycles_seed=_seed(draws, Level.VIEW, "engine.cycles_seed", 2**31),
        shots=tuple(_draw_shot(recipe, replace(address, shot=shot), lights) for shot in range(recipe.shots)),
        draws=draws.record,
    )


def _draw_shot(recipe: Recipe, address: FrameAddress, lights: Sequence[Light]) -> Shot:
    draws = recorder(recipe, address)
    values = {short: draws.draw(factor) for short, factor in active_factors(recipe.sensor).items()}
    noise_seed = _seed(draws, Level.SHOT, "sensor.noise_seed", 2**63)
    sensor = SensorValues(**values, exposed_share=recipe.sensor.exposed_share)
    gains = draw_light_gains(draws, recipe.lighting, lights)
    window = _draw_window(draws, recipe.camera)
    return Shot(sensor=sensor, noise_seed=noise_seed, draws=draws.record, light_gains=gains, window=window)


def _draw_window(draws: DrawRecorder, camera: Camera) -> Window | None:
    crop = camera.crop
    if crop.width_px is None or crop.height_px is None:
        return None
    return Window(
        x_px=round(draws.draw(crop.x_fraction) * (camera.width_px - crop.width_px)),
        y_px=round(draws.draw(crop.y_fraction) * (camera.height_px - crop.height_px)),
        width_px=crop.width_px,
        height_px=crop.height_px,
    )


def active_factors(part: Any) -> dict[str, Factor]:
    """The factors of a group by their short names, without those that are off or need one that is off."""
    there = {f.name: getattr(part, f.name) for f in fields(part)}
    return {
        name: factor
        for name, factor in there.items()
        if isinstance(factor, Factor) and (not factor.spec.needs or there[factor.spec.needs] is not None)
    }


def _seed(draws: DrawRecorder, level: Level, name: str, end: int) -> int:
    index = draws.address.at(level)
    rng = stream(StreamKey(seed=draws.seed, level=level, index=index, name=name))
    return int(rng.integers(end))
