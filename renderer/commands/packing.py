"""Full shards are packed beside the rendering, so that no worker waits for a disk."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

from renderer.dataset.store import Store


@contextmanager
def packing(store: Store, missing: Sequence[int]) -> Iterator[Callable[[int], None]]:
    """What to call with the number of each frame that is done: packs each shard when all of it is.

    One thread packs, in the order in which shards became full; the end waits for it. What it cannot write
    is raised by a later call, or at the end.

    Args:
        missing: the frames that a run is to render.

    Raises:
        StoreError: the disk is full or the folder cannot be written.
    """
    pack_if_full = store.packer(missing)
    waiting: list[Future[None]] = []

    def done(frame: int) -> None:
        while waiting and waiting[0].done():
            waiting.pop(0).result()
        work = pack_if_full(frame)
        if work is not None:
            waiting.append(packers.submit(work))

    with ThreadPoolExecutor(1, thread_name_prefix="pack") as packers:
        yield done
    for future in waiting:
        future.result()
