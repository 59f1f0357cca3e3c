"""From a file to a model, in the object's frame."""

from renderer.catalog.meshes.shelf import MeshFile, Shelf
from renderer.catalog.model import Model


def read_model(mesh: MeshFile, shelf: Shelf) -> Model:
    """The mesh and the look that a file has, in the object's frame at its own size.

    Raises:
        CatalogError: the file has changed since it was examined, or is gone.
    """
    raise NotImplementedError
