"""Which frames a worker renders together."""

from collections.abc import Sequence

LARGEST_SHARD = 16  # frames: small enough for an even end, large enough to forget the hand-over


def shards(frames: Sequence[int], workers: int, scene_frames: int) -> list[list[int]]:
    """Cut frames into contiguous shards that never split a scene."""
    even = max(1, min(LARGEST_SHARD, len(frames) // (4 * workers)))
    scenes_each = max(1, even // scene_frames)
    by_scenes: dict[int, list[int]] = {}
    for frame in frames:
        by_scenes.setdefault(frame // (scene_frames * scenes_each), []).append(frame)
    return list(by_scenes.values())
