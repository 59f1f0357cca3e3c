"""Meshes from the user's files: listed, examined, and read when they are needed."""
