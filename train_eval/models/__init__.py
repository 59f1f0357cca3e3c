"""Detectors: backbones, heads, and what the data's boxes ask of them."""
