"""The only room that imports Blender: a session, what it builds, and the buffers it gives back."""

import sys

import bpy

# Blender puts its script folders in front of `sys.path`, and one of them holds a package `bpy` of its
# own. A worker process inherits the path and would import that one: they go to the end.
_scripts = bpy.utils.system_resource("SCRIPTS")
sys.path.sort(key=lambda path: path.startswith(_scripts))
