"""MTL: the materials of OBJ files, with the PBR extension (Pr, Pm, norm), read as Blender reads them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from renderer.catalog.meshes.look import DULL, picture, vector
from renderer.catalog.meshes.pictures import color_texture, value_texture, with_opacity
from renderer.catalog.meshes.source import Source
from renderer.catalog.model import Maps, Material, Texture

# How many words the options of a map have at most: '-s 2 2 1 wood.png'.
_OPTIONS: Mapping[str, int] = {
    "-blendu": 1, "-blendv": 1, "-boost": 1, "-bm": 1, "-cc": 1, "-clamp": 1, "-imfchan": 1, "-mm": 2,
    "-o": 3, "-s": 3, "-t": 3, "-texres": 1, "-type": 1,
}  # fmt: skip
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")
_LEFT_OUT = ("map_ke", "map_bump", "bump", "disp")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A material of an MTL file: its numbers and its maps by their lower-case keys."""

    numbers: dict[str, list[float]] = field(default_factory=dict)
    maps: dict[str, str] = field(default_factory=dict)


def read_entries(text: str) -> dict[str, Entry]:
    """The materials of an MTL file by their names; lines that make no sense are left out."""
    entries: dict[str, Entry] = {}
    entry = Entry()
    for line in text.splitlines():
        words = line.split()
        if len(words) < 2:
            continue
        key = words[0].lower()
        if key == "newmtl":
            entry = entries.setdefault(" ".join(words[1:]), Entry())
        elif key.startswith(("map_", "norm", "bump", "disp")):
            entry.maps[key] = _map_name(line.split(None, 1)[1].strip())
        elif all(_NUMBER.fullmatch(word) for word in words[1:]):
            entry.numbers[key] = [float(word) for word in words[1:]]
    return entries


def mtl_material(source: Source, entry: Entry) -> Material:
    """The material that an entry describes, with its images.

    Colours are linear, and an image takes the place of the diffuse colour, as in Blender.
    """
    opacity = entry.numbers["d"][0] if "d" in entry.numbers else 1 - entry.numbers.get("tr", [0.0])[0]
    material = Material(
        color=_color(entry, "kd", DULL.color),
        roughness=_unit(entry.numbers.get("pr", [_roughness(entry)])[0]),
        metallic=_unit(entry.numbers.get("pm", [0.0])[0]),
        emission=_color(entry, "ke", (0.0, 0.0, 0.0)),
        alpha=_unit(opacity),
    )
    for key in _LEFT_OUT:
        if key in entry.maps:
            source.note(f"has a map '{key}', which is left out")
    rgba = _picture(source, entry, "map_kd")
    cover = _picture(source, entry, "map_d")
    if rgba is not None:
        material = replace(material, color=(1.0, 1.0, 1.0))
    if cover is not None:
        opaque_image = bool(cover[..., 3].min() == 255)
        rgba = with_opacity(rgba, cover[..., 0 if opaque_image else 3])
    texture = None if rgba is None else color_texture(rgba)
    maps = Maps(
        roughness=_values(source, entry, "map_pr"),
        metallic=_values(source, entry, "map_pm"),
        normal=_normals(source, entry),
    )
    return replace(material, texture=texture, maps=maps)


def _map_name(text: str) -> str:
    """The file that a map names, after its options; it may have spaces."""
    while text.startswith("-"):
        words = text.split(None, 1)
        if words[0].lower() not in _OPTIONS or len(words) < 2:
            break
        text = words[1]
        for _ in range(_OPTIONS[words[0].lower()]):
            word, _, rest = text.partition(" ")
            is_value = _NUMBER.fullmatch(word) or words[0].lower() in ("-clamp", "-cc", "-type", "-imfchan")
            if not rest or not (is_value or words[0].lower().startswith("-blend")):
                break
            text = rest.strip()
    return text


def _roughness(entry: Entry) -> float:
    """Of a Phong exponent, as Blender's importer of OBJ has it: 1 - sqrt(Ns / 1000)."""
    if "ns" not in entry.numbers:
        return DULL.roughness
    return 1 - float(np.sqrt(min(max(entry.numbers["ns"][0], 0.0), 1000.0) / 1000))


def _color(entry: Entry, key: str, default: Sequence[float]) -> tuple[float, float, float]:
    values = entry.numbers.get(key, list(default))
    return vector(np.array(values[:3] if len(values) >= 3 else values[:1] * 3, dtype=np.float64))


def _unit(value: float) -> float:
    return min(max(value, 0.0), 1.0)


def _picture(source: Source, entry: Entry, key: str) -> np.ndarray | None:
    return picture(source, entry.maps[key]) if key in entry.maps else None


def _values(source: Source, entry: Entry, key: str) -> Texture | None:
    rgba = _picture(source, entry, key)
    return None if rgba is None else value_texture(rgba[..., 0])


def _normals(source: Source, entry: Entry) -> Texture | None:
    rgba = _picture(source, entry, "norm")
    return None if rgba is None else color_texture(rgba)
