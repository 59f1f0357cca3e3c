"""Writes files of every format that Blender writes into a folder, in a process of its own:

    python tests/blender/mesh_files.py FOLDER

Each holds a textured box of 1 x 2 x 3 m, three times, linked: at 0, 5 and 10 m on the x axis of a parent that
is turned by a quarter about the vertical. So all of it measures 2 x 11 x 3 m and has 36 triangles.
"""

import math
import sys
from pathlib import Path

import bpy

FOLDER = Path(sys.argv[1])
TEXT = "from pathlib import Path\nPath({!r}).touch()\n"


def empty():
    bpy.ops.wm.read_factory_settings(use_empty=True)


def box(size_m=(1, 2, 3)):
    bpy.ops.mesh.primitive_cube_add(size=1)
    item = bpy.context.object
    for vertex in item.data.vertices:
        vertex.co = [a * b for a, b in zip(vertex.co, size_m, strict=True)]
    return item


def image_material(path):
    material = bpy.data.materials.new("printed")
    material.use_nodes = True
    tree = material.node_tree
    node = tree.nodes.new("ShaderNodeTexImage")
    node.image = bpy.data.images.load(str(path))
    tree.links.new(node.outputs["Color"], tree.nodes["Principled BSDF"].inputs["Base Color"])
    return material


def write_image(path):
    path.parent.mkdir(exist_ok=True)
    image = bpy.data.images.new(path.stem, 8, 8)
    image.pixels[:] = [1.0, 0.0, 0.0, 1.0] * 64
    image.filepath_raw, image.file_format = str(path), "PNG"
    image.save()


def three_boxes(image):
    empty()
    write_image(image)
    item = box()
    item.data.materials.append(image_material(image))
    parent = bpy.data.objects.new("parent", None)
    parent.rotation_euler = (0, 0, math.pi / 2)
    bpy.context.collection.objects.link(parent)
    item.parent = parent
    for x_m in (5, 10):
        copy = item.copy()
        copy.location.x = x_m
        bpy.context.collection.objects.link(copy)


def save(name):
    bpy.ops.wm.save_as_mainfile(filepath=str(FOLDER / name), relative_remap=True)


def write_all_formats():
    three_boxes(FOLDER / "images" / "red.png")
    save("boxes.blend")
    bpy.ops.export_scene.fbx(filepath=str(FOLDER / "boxes.fbx"), path_mode="RELATIVE")
    for suffix in ("usda", "usdc", "usdz"):
        bpy.ops.wm.usd_export(
            filepath=str(FOLDER / f"boxes.{suffix}"),
            export_textures=suffix == "usdz",
            relative_paths=True,
            use_instancing=True,
        )
    bpy.context.scene.unit_settings.scale_length = 0.01
    save("centimetres.blend")


def write_sphere():
    empty()
    bpy.ops.mesh.primitive_uv_sphere_add(segments=64, ring_count=32, radius=1)
    bpy.context.object.data.materials.append(image_material(FOLDER / "images" / "red.png"))
    save("sphere.blend")
    bpy.ops.wm.obj_export(filepath=str(FOLDER / "sphere.obj"))


def write_what_names_others():
    three_boxes(FOLDER.parent / "outside.png")
    save("outside.blend")
    bpy.ops.export_scene.fbx(filepath=str(FOLDER / "outside.fbx"), path_mode="RELATIVE")
    three_boxes(FOLDER / "lost.png")
    save("lost.blend")
    (FOLDER / "lost.png").unlink()
    empty()
    box()
    save("../library.blend")
    empty()
    with bpy.data.libraries.load(str(FOLDER.parent / "library.blend"), link=True) as (_, wanted):
        wanted.objects = ["Cube"]
    bpy.context.collection.objects.link(bpy.data.objects["Cube"])
    save("linked.blend")


def write_scripts():
    empty()
    text = bpy.data.texts.new("start.py")
    text.write(TEXT.format(str(FOLDER / "executed")))
    text.use_module = True
    item = box()
    driver = item.driver_add("location", 0).driver
    driver.expression = f"exec({TEXT.format(str(FOLDER / 'executed'))!r}) or 0"
    save("script.blend")


def write_looks():
    empty()
    for number, kind in enumerate(("ShaderNodeBsdfDiffuse", "ShaderNodeTexNoise", "ShaderNodeVertexColor")):
        item = box()
        item.location.x = 5 * number
        material = bpy.data.materials.new(kind)
        material.use_nodes = True
        tree = material.node_tree
        node = tree.nodes.new(kind)
        if kind == "ShaderNodeBsdfDiffuse":
            node.inputs["Color"].default_value = (0.0, 0.5, 0.0, 1.0)
            tree.links.new(node.outputs[0], tree.nodes["Material Output"].inputs["Surface"])
            tree.nodes.remove(tree.nodes["Principled BSDF"])
        else:
            tree.links.new(node.outputs["Color"], tree.nodes["Principled BSDF"].inputs["Base Color"])
        item.data.materials.append(material)
    colors = item.data.color_attributes.new("paint", "BYTE_COLOR", "CORNER")
    for entry in colors.data:
        entry.color = (0.0, 0.0, 1.0, 1.0)
    node.layer_name = "paint"
    save("looks.blend")


def write_hidden_and_modified():
    empty()
    box().modifiers.new("More", "ARRAY").count = 2
    hidden, shown = box((9, 9, 9)), box()
    hidden.hide_render = True
    shown.location.y, shown.hide_viewport = 10, True
    save("hidden.blend")
    empty()
    save("empty.blend")


def write_sheared():
    empty()
    parent = bpy.data.objects.new("parent", None)
    parent.scale = (4, 1, -1)
    bpy.context.collection.objects.link(parent)
    item = box((1, 1, 1))
    item.parent, item.rotation_euler = parent, (0, 0, math.pi / 4)
    save("sheared.blend")


def write_bomb():
    """10^8 boxes: a collection of ten collections of ten ..."""
    empty()
    item = box()
    below = bpy.data.collections.new("level 0")
    below.objects.link(item)
    bpy.context.collection.objects.unlink(item)
    for level in range(1, 9):
        above = bpy.data.collections.new(f"level {level}")
        for _ in range(10):
            instancer = bpy.data.objects.new("ten", None)
            instancer.instance_type, instancer.instance_collection = "COLLECTION", below
            above.objects.link(instancer)
        below = above
    bpy.context.scene.collection.children.link(below)
    save("bomb.blend")


FOLDER.mkdir(parents=True)
write_all_formats()
write_sphere()
write_what_names_others()
write_scripts()
write_looks()
write_hidden_and_modified()
write_sheared()
write_bomb()
