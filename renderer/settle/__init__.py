"""Bringing a scene to rest, without Blender."""

from renderer.settle.rest import settle

__all__ = ["settle"]
