"""How much memory this process may use in all, how much of it is left, and how to give back what it no longer uses."""

from __future__ import annotations

import ctypes
from pathlib import Path

import pyarrow as pa

from models.core.control_groups import memory_limits


class DoesNotFit(MemoryError):
    """The work needs more memory than it may use; the message says how much, and what to change."""


def total_bytes() -> int:
    """The memory of the machine, or the smallest limit of this process's control groups."""
    return min([_of_machine("MemTotal"), *(group.limit for group in memory_limits())])


def available_bytes() -> int:
    """The smallest of what the kernel reports as available and what each control group still allows."""
    return max(0, min([_of_machine("MemAvailable"), *(group.limit - group.held for group in memory_limits())]))


def give_back_freed() -> None:
    """Returns freed memory to the kernel. C's allocator alone keeps it for this process, and others may need it."""
    pa.default_memory_pool().release_unused()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # only GNU's C library has it
    if trim is not None:
        trim(0)


def _of_machine(name: str) -> int:
    meminfo = dict(line.split(":", 1) for line in Path("/proc/meminfo").read_text().splitlines())
    return int(meminfo[name].split()[0]) * 1024
