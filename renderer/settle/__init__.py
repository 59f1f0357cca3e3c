"""Bringing a scene to rest, without Blender."""

from renderer.settle.rest import falls, settle, settle_without_physics

__all__ = ["falls", "settle", "settle_without_physics"]
