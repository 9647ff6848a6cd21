"""Memory that was freed and not yet given back."""

import ctypes
import os


def give_back() -> None:
    """Return freed pages to the system, where the C library can (glibc): to load a model leaves over 40 MB of
    them."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if os.name == "posix" else None
    if trim is not None:
        trim(0)
