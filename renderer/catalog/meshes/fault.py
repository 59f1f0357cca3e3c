"""Why a file of meshes cannot be used."""


class BrokenMeshError(Exception):
    """A file cannot be used; the message goes after its name: 'has vertices that are not finite'."""
