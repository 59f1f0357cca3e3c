"""Opening a file of any format in an empty Blender, with its scripts off, and what it then names."""

import os
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import bpy

from renderer.blender.nodes import nested_nodes
from renderer.catalog.meshes.fault import BrokenMeshError
from renderer.catalog.meshes.named_files import USD, usd_unit_m, within

_STARTS: Mapping[str, tuple[bytes, ...]] = {
    ".fbx": (b"Kaydara FBX Binary", b"; FBX"),
    ".blend": (b"BLENDER", b"\x28\xb5\x2f\xfd", b"\x1f\x8b"),  # plain, zstd, gzip
    ".usda": (b"#usda",),
    ".usdc": (b"PXR-USDC",),
    ".usd": (b"PXR-USDC", b"#usda"),
    ".usdz": (b"PK\x03\x04",),
    ".ply": (b"ply",),
    ".glb": (b"glTF",),
}


def import_file(path: Path) -> float:
    """Empty Blender and open a file in it, with Z up, which it is in PLY and STL; Y is up in OBJ and glTF.

    Returns:
        Metres in one of Blender's units.

    Raises:
        BrokenMeshError: the file cannot be read.
    """
    suffix = path.suffix.lower()
    _check_start(path, suffix)
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.context.preferences.filepaths.use_scripts_auto_execute = False
    try:
        _IMPORTERS[suffix](filepath=str(path))
    except RuntimeError as error:
        raise BrokenMeshError(
            f"is damaged, or of a kind that Blender {bpy.app.version_string} does not read"
        ) from error
    return usd_unit_m(path) if suffix in USD else float(bpy.context.scene.unit_settings.scale_length)


def _check_start(path: Path, suffix: str) -> None:
    if suffix not in _IMPORTERS:
        raise BrokenMeshError(f"is of no known format: {suffix}")
    try:
        with path.open("rb") as file:
            start = file.read(32)
    except OSError as error:
        raise BrokenMeshError(f"cannot be read ({error.strerror or error})") from error
    if suffix in _STARTS and not start.startswith(_STARTS[suffix]):
        raise BrokenMeshError(f"is no {suffix} file: it does not begin as one")
    if suffix == ".fbx" and start.startswith(b";"):
        raise BrokenMeshError(
            "is an FBX file in text form, which Blender does not read: save it as a binary one"
        )


def _import_usd(filepath: str) -> None:
    """With instances as they are: spelled out, nested ones would be endless.

    Blender 4.2 forgets what lies above a prim without a type: its parts come out as if they lay at the top.
    """
    is_package = filepath.lower().endswith(".usdz")
    bpy.ops.wm.usd_import(
        filepath=filepath,
        import_cameras=False,
        import_lights=False,
        import_volumes=False,
        support_scene_instancing=True,
        create_world_material=False,
        import_textures_mode="IMPORT_PACK" if is_package else "IMPORT_NONE",
        set_frame_range=False,
    )


_IMPORTERS: Mapping[str, Callable[..., Any]] = {
    ".fbx": partial(bpy.ops.import_scene.fbx, use_anim=False, use_custom_props=False, use_image_search=False),
    ".blend": partial(bpy.ops.wm.open_mainfile, use_scripts=False, load_ui=False),
    **dict.fromkeys(USD, _import_usd),
    ".obj": partial(bpy.ops.wm.obj_import, forward_axis="NEGATIVE_Z", up_axis="Y"),
    ".ply": partial(bpy.ops.wm.ply_import, forward_axis="Y", up_axis="Z"),
    ".stl": partial(bpy.ops.wm.stl_import, forward_axis="Y", up_axis="Z"),
    ".glb": bpy.ops.import_scene.gltf,
    ".gltf": bpy.ops.import_scene.gltf,
}


def side_files(item: Any, path: Path, root: Path, *, needs_look: bool) -> set[Path]:
    """The files that Blender read, or would read, for what is rendered of a file.

    Raises:
        BrokenMeshError: one lies outside the root, or is an image that is wanted and cannot be read.
    """
    folder = path.resolve().parent
    found = {within(os.path.relpath(name, folder), folder, root) for name in _linked_files()}
    for image in used_images(item):
        if image.packed_file is not None or image.source == "GENERATED":
            continue
        name = _absolute(image.filepath, image.library).replace("<UDIM>", "1001")
        if not needs_look and not Path(name).exists():
            continue
        file = within(os.path.relpath(name, folder), folder, root)
        if needs_look and not file.is_file():
            raise BrokenMeshError(f"names the image '{file.name}', which is missing")
        if needs_look and not image.has_data and not image.size[0]:
            raise BrokenMeshError(f"names the image '{file.name}', which cannot be read")
        found.add(file)
    return found


def used_images(item: Any) -> list[Any]:
    """Images in the materials of an object."""
    trees = [slot.material.node_tree for slot in item.material_slots if slot.material]
    nodes = (node for tree in trees if tree for node in nested_nodes(tree))
    images = {node.image for node in nodes if node.type == "TEX_IMAGE" and node.image}
    return sorted(images, key=lambda image: str(image.name))


def _linked_files() -> Iterator[str]:
    """Files that geometry came from."""
    for block in (*bpy.data.libraries, *bpy.data.cache_files, *bpy.data.fonts):
        if block.filepath not in ("", "<builtin>") and not getattr(block, "packed_file", None):
            yield _absolute(block.filepath, getattr(block, "library", None))
    for item in bpy.data.objects:
        for modifier in item.modifiers:
            if getattr(modifier, "filepath", ""):
                yield _absolute(modifier.filepath, item.library)


def _absolute(name: str, library: Any) -> str:
    return str(bpy.path.abspath(name, library=library))
