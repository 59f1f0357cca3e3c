"""Meshes from the user's files: listed, examined, and read when they are needed.

The readers are our own. What a file names has to be looked at before it is opened, each fault has to be
named, and a corner keeps its texture coordinate; trimesh, against which they are tested, drops in silence
what it does not understand.
"""
