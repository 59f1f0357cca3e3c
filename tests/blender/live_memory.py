"""What a process has allocated and not let go of; Linux with glibc only.

Resident memory would not tell: what allocators keep free for the next frame comes and goes by 20 MB, more
than a leak of 50 kB a frame comes to in a test. scripts/measure_memory.py looks at that, over thousands
of frames.
"""

import ctypes
import gc
import sys

LARGEST_BLOCK_B = 512  # of Python's own allocator; what is larger comes from malloc
MALLINFO2 = "arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks fordblks keepcost"


class _MallocState(ctypes.Structure):
    """`struct mallinfo2` of malloc.h, bytes."""

    _fields_ = tuple((name, ctypes.c_size_t) for name in MALLINFO2.split())


def live_kb() -> float:
    """Memory in use by malloc, and as much as Python's small objects can take, kB."""
    gc.collect()
    mallinfo = ctypes.CDLL(None).mallinfo2
    mallinfo.restype = _MallocState
    state = mallinfo()
    return (state.uordblks + state.hblkhd + sys.getallocatedblocks() * LARGEST_BLOCK_B) / 1024
