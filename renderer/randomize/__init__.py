"""From recipe, seed and index to a `Scene`: no Blender, no torch, no global state."""
