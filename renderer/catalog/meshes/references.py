"""What a file names, looked at without reading its triangles: before Blender is given the file."""

from renderer.catalog.meshes.gltf_document import open_document
from renderer.catalog.meshes.gltf_look import look_of
from renderer.catalog.meshes.mtl import mtl_material
from renderer.catalog.meshes.obj import library_names, read_libraries
from renderer.catalog.meshes.source import Source


def check_references(source: Source) -> None:
    """Find all files that an OBJ or a glTF file names.

    Raises:
        BrokenMeshError: one is missing, unreadable or no place in the folder.
    """
    suffix = source.path.suffix.lower()
    if suffix == ".obj":
        for entry in read_libraries(source, library_names(source.content())).values():
            mtl_material(source, entry)
    elif suffix in (".glb", ".gltf"):
        document = open_document(source)
        for index in range(len(document.items("buffers"))):
            document.buffer(index)
        for index in range(len(document.items("materials"))):
            look_of(document, index)
