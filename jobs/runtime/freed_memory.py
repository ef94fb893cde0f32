"""Gives memory back to the kernel that a job has freed, so that the next job's processes can have it."""

from __future__ import annotations

import ctypes

import pyarrow as pa


def give_back_freed() -> None:
    """Returns freed memory to the kernel. C's allocator alone keeps it for this process, and others may need it."""
    pa.default_memory_pool().release_unused()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # only GNU's C library has it
    if trim is not None:
        trim(0)
