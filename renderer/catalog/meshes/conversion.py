"""Files that only Blender reads, and meshes with too many triangles: converted once, into a cache."""

from pathlib import Path


def converted(path: Path, root: Path, decimate_to: int | None) -> Path:
    """A .glb of the mesh in the cache, with at most `decimate_to` triangles.

    Raises:
        BrokenMeshError: it cannot be read.
    """
    raise NotImplementedError
