"""Exports of a finished dataset: one module for each format, written in one pass and by several processes."""
