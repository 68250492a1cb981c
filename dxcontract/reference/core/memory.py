"""Returns the memory of large answers to the system, so that the emulator does not grow over time.

glibc allocates large blocks outside of the heap, where it can return them, but raises the size limit each time that
such a block is freed. After the first list of several hundred items, later lists are in the heap among small blocks,
and the heap never shrinks. A limit that was set explicitly is not raised.
"""

import ctypes
import platform
from typing import Final

_MMAP_THRESHOLD: Final = -3
"""What mallopt(3) calls M_MMAP_THRESHOLD."""
LARGE: Final = 64 * 1024


def keep_large_blocks_apart() -> None:
    """To be called before the first request; does nothing where there is no glibc."""
    if platform.libc_ver()[0] == "glibc":
        ctypes.CDLL(None).mallopt(_MMAP_THRESHOLD, LARGE)
