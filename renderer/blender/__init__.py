"""The only room that imports Blender: a session, what it builds, and the buffers it gives back."""
