"""`README.md` of a dataset: a card for people, and for the hubs where datasets are shared.

All of it follows from the manifest and the identity, so that it can be verified like any other file.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from renderer.dataset.manifest import ANNOTATIONS, CARD, DRAWS, PREVIEW, RECIPE
from renderer.dataset.record import content_entry

MOST_FILES = 20  # of the user's, that are named one by one
# As dataset hubs sort by size: the least number of images beyond a class, and its name.
SIZE_CLASSES = (
    (10**3, "n<1K"),
    (10**4, "1K<n<10K"),
    (10**5, "10K<n<100K"),
    (10**6, "100K<n<1M"),
    (10**7, "1M<n<10M"),
    (10**8, "10M<n<100M"),
    (10**9, "100M<n<1B"),
    (float("inf"), "n>1B"),
)
FONTS = (
    "letters of the playing cards: DejaVu fonts (Bitstream Vera and Arev licences, changes in the public "
    "domain) and STIX fonts (SIL Open Font License 1.1)"
)
SKIES = "environment maps that come with Blender: CC0"
DRAWN = "{things}: drawn in code by gapless, which claims no rights in what it draws"


def with_card(manifest: Mapping[str, Any], identity: Mapping[str, Any]) -> tuple[bytes, dict[str, Any]]:
    """The card of a dataset, and the manifest that has it too."""
    content = card(manifest, identity).encode()
    return content, {**manifest, "files": manifest["files"] | {CARD: content_entry(content)}}


def card(manifest: Mapping[str, Any], identity: Mapping[str, Any]) -> str:
    """The card of a dataset, as Markdown, made of a manifest that does not have it."""
    sections = (
        _front_matter(manifest),
        f"# {manifest['name']}",
        _summary(manifest, identity["recipe"]),
        *([f"![Frames with their labels]({PREVIEW})"] if PREVIEW in manifest["files"] else []),
        "## Counts\n\n" + "\n".join(_counts(manifest)),
        "## Recipe\n\n" + "\n".join(_recipe(manifest, identity["recipe"])),
        "## Files and labels\n\n" + "\n".join(_conventions(manifest, identity["recipe"])),
        "## Training and validation\n\n" + _split_hint(identity["recipe"]),
        "## Licences\n\n" + "\n".join(f"- {line}" for line in _licences(identity)),
        "## Rendering it again\n\n" + _command(manifest),
        "## Versions and checksums\n\n" + "\n".join(_checksums(manifest)),
    )
    return "\n\n".join(sections) + "\n"


def _front_matter(manifest: Mapping[str, Any]) -> str:
    images = manifest["counts"]["frames"]
    matter = {
        "pretty_name": manifest["name"],
        "license": "other",
        "task_categories": ["object-detection"],
        "tags": ["synthetic", "blender", "gapless"],
        "size_categories": [next(name for bound, name in SIZE_CLASSES if images < bound)],
    }
    return f"---\n{yaml.safe_dump(matter, sort_keys=False, allow_unicode=True)}---"


def _summary(manifest: Mapping[str, Any], recipe: Mapping[str, Any]) -> str:
    counts = manifest["counts"]
    annotated = sum(category["annotated"] for category in counts["instances"].values())
    size = f"{recipe['camera.width_px']} x {recipe['camera.height_px']}"
    return (
        f"{counts['frames']} images of {size} pixels with {annotated} annotated objects of "
        f"{_number(len(counts['instances']), 'category', 'categories')}, rendered with Blender's Cycles by "
        f"gapless {manifest['versions'].get('gapless', '')} from the recipe `{manifest['name']}`. Scenes are "
        "drawn at random; masks and boxes are exact, for they come from the geometry that was rendered."
    )


def _counts(manifest: Mapping[str, Any]) -> Iterator[str]:
    counts = manifest["counts"]
    yield "| category | labelled | annotated | to be ignored |"
    yield "| --- | ---: | ---: | ---: |"
    for name, category in counts["instances"].items():
        yield f"| {_cell(name)} | {category['labelled']} | {category['annotated']} | {category['ignored']} |"
    yield ""
    rejected = counts["rejected"]
    if rejected:
        by_check = ", ".join(f"{_cell(check)} {number}" for check, number in rejected.items())
        yield (
            f"{_number(sum(rejected.values()), 'frame', 'frames')} failed certification ({by_check}): "
            "recorded, without an image."
        )
    else:
        yield "No frame failed certification."


def _recipe(manifest: Mapping[str, Any], recipe: Mapping[str, Any]) -> Iterator[str]:
    yield f"[{RECIPE}]({RECIPE}) has every key and [{DRAWS}]({DRAWS}) what each frame drew. In short:"
    yield ""
    yield "| key | value |"
    yield "| --- | --- |"
    chosen = {"seed": manifest["seed"]} | {
        key: recipe[key]
        for key in ("views", "shots", "labels.maps", "engine.samples", "engine.denoise", "engine.max_bounces")
        if key in recipe
    }
    sources = {key: recipe[key] for key in sorted(recipe) if _is_source(key)}
    for key, value in (chosen | sources).items():
        yield f"| `{key}` | {_cell(value if isinstance(value, str) else json.dumps(value))} |"


def _is_source(key: str) -> bool:
    return key.startswith("objects.") and key.endswith(".source")


def _conventions(manifest: Mapping[str, Any], recipe: Mapping[str, Any]) -> Iterator[str]:
    maps = [f"`{name}`" for name in recipe["labels.maps"]]
    if manifest["store"]["kind"] == "files":
        yield "- `images/000005.png` is the image of frame 5, `frames/000005.json` its record"
        yield f"- `{ANNOTATIONS}` is COCO: boxes [x, y, width, height] in pixels, masks as run lengths"
    else:
        each = manifest["store"]["shard_frames"]
        yield f"- `shards/000000.tar` (WebDataset) has frames 0 to {each - 1}, each other one the next {each}"
        yield "- `000005.png` in one is the image of frame 5, `000005.json` its record"
        yield "- `gapless export` writes COCO and other formats of it"
    if maps:
        yield f"- maps of labels beside each image: {', '.join(maps)}"
    yield "- boxes are tight about the visible pixels and half-open; the first pixel's centre is (0.5, 0.5)"
    yield "- records have metres, OpenCV's camera (x right, y down, z forward) and quaternions (w, x, y, z)"
    yield (
        "- what is too small or too hidden for the recipe's limits is in the record with `annotated: false`; "
        "what is `ignored` is a crowd in COCO: neither a hit nor a miss"
    )


def _split_hint(recipe: Mapping[str, Any]) -> str:
    frames = recipe["views"] * recipe["shots"]
    if frames == 1:
        return "Each frame is a scene of its own; `gapless export` holds out scenes for validation by a seed."
    return (
        f"Each scene is in {frames} frames: frame i is of scene i // {frames}. Split by scene, as `gapless "
        "export` does, and not by frame, or validation sees scenes that were trained on."
    )


def _licences(identity: Mapping[str, Any]) -> Iterator[str]:
    """Of everything that may be seen in the images."""
    recipe, files = identity["recipe"], identity["files"]
    sources = {value for key, value in recipe.items() if _is_source(key)}
    yield "the images themselves: yours to license; what can be seen in them is of these"
    if not _has(files, "lighting.environment.folder/") and "map" in _options(
        recipe, "lighting.environment.kind"
    ):
        yield SKIES
    names = {"die": "dice", "playing_card": "playing cards", "primitive": "solids", "foreground": "shapes"}
    drawn = [names[source] for source in names if source in sources]
    yield DRAWN.format(things=", ".join([*drawn, "patterns, textures and surroundings"]))
    if "playing_card" in sources:
        yield FONTS
    if files:
        shown = ", ".join(f"`{name}`" for name in sorted(files)[:MOST_FILES])
        more = f" and {len(files) - MOST_FILES} more" if len(files) > MOST_FILES else ""
        yield f"files of whoever rendered this, whose licences are theirs to name here: {shown}{more}"


def _has(files: Mapping[str, str], prefix: str) -> bool:
    return any(name.startswith(prefix) for name in files)


def _options(recipe: Mapping[str, Any], key: str) -> str:
    """A distribution as text, in which each name that it may draw is found."""
    return json.dumps(recipe.get(key))


def _command(manifest: Mapping[str, Any]) -> str:
    return (
        "This command, with `out=` and the `execution` of your choice, gives the same bytes on the same kind "
        "of processor and device; elsewhere draws and labels are the same, and pixels agree but for "
        "rounding:\n\n"
        f"```sh\n{manifest['command']}\n```"
    )


def _checksums(manifest: Mapping[str, Any]) -> Iterator[str]:
    yield ", ".join(f"{name} {version}" for name, version in manifest["versions"].items()) + "."
    yield ""
    yield "| what | SHA-256 |"
    yield "| --- | --- |"
    yield f"| all records (see manifest.json) | `{manifest['records_sha256']}` |"
    for name, entry in manifest["files"].items():
        yield f"| `{name}` | `{entry['sha256']}` |"
    yield ""
    yield "`manifest.json` has these and those of all tar files; `gapless verify` checks every frame."


def _cell(text: object) -> str:
    """A text for a table."""
    return str(text).replace("\\", "\\\\").replace("|", "\\|").replace("\n", " ")


def _number(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"
