"""Training and evaluation of detectors, and the reality gap between synthetic and real images. No Blender."""
