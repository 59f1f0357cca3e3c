"""Meshes from the user's files: listed, examined, and read when they are needed.

STL is read by trimesh. The readers of OBJ, PLY and glTF are our own: what a file names has to be looked at
before it is opened, each fault has to be named, and each reader's docstring says what trimesh gets wrong.
"""
