"""How much memory this process may use in all, and how much of it is left. .ci reads it too: it needs no library."""

from __future__ import annotations

from pathlib import Path

from models.core.control_groups import memory_limits


class DoesNotFit(MemoryError):
    """The work needs more memory than it may use; the message says how much, and what to change."""


def total_bytes() -> int:
    """The memory of the machine, or the smallest limit of this process's control groups."""
    return min([_of_machine("MemTotal"), *(group.limit for group in memory_limits())])


def available_bytes() -> int:
    """The smallest of what the kernel reports as available and what each control group still allows."""
    return max(0, min([_of_machine("MemAvailable"), *(group.limit - group.held for group in memory_limits())]))


def _of_machine(name: str) -> int:
    meminfo = dict(line.split(":", 1) for line in Path("/proc/meminfo").read_text().splitlines())
    return int(meminfo[name].split()[0]) * 1024
