"""What a large answer took is given back to the system, so that an emulator is as small after a month as after a day.

glibc keeps large blocks apart from the heap, where they can be given back, but raises the size from which it does so
each time that one is freed. After the first list of some hundred things all others lie in the heap, among small blocks
that stay, and its end never comes down again. A size that was set is not raised.
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
