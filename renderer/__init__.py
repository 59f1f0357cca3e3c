"""Scenes from recipes, images from scenes, labels from images."""

from importlib.metadata import version

__version__ = version("gapless")
