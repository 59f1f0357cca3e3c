"""Rendering shards: in this process or in a pool of worker processes."""
