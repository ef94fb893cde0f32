"""What the control groups of this process allow: in a container, under systemd, or where somebody made one.

Version 2 of control groups has one tree, version 1 a tree for each controller; a machine may have both. A limit of any
group above a process holds for the process. https://docs.kernel.org/admin-guide/cgroup-v2.html, .../cgroup-v1/
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

TREES = Path("/sys/fs/cgroup")
GROUPS = Path("/proc/self/cgroup")


class MemoryLimit(NamedTuple):
    """The bytes that a group may hold, and those that it holds, without files that the kernel can drop."""

    limit: int
    held: int


def memory_limits(trees: Path = TREES, groups: Path = GROUPS) -> Iterator[MemoryLimit]:
    """The limits of all groups of this process that have one."""
    for folder in group_folders("memory", trees, groups):
        for limit_file, held_file, files in (
            ("memory.max", "memory.current", "inactive_file"),
            ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
        ):
            limit = _text(folder / limit_file)
            if limit.isdigit():  # "max" is no limit
                counters = dict(line.split() for line in _text(folder / "memory.stat").splitlines())
                held = int(_text(folder / held_file) or 0) - int(counters.get(files, 0))
                yield MemoryLimit(int(limit), max(0, held))


def core_limits(trees: Path = TREES, groups: Path = GROUPS) -> Iterator[float]:
    """The limits of all groups of this process that have one, in cores; 1.5 is one and a half."""
    for folder in group_folders("cpu", trees, groups):
        quota, _, period = _text(folder / "cpu.max").partition(" ")
        if not period:
            quota, period = _text(folder / "cpu.cfs_quota_us"), _text(folder / "cpu.cfs_period_us")
        if quota.isdigit() and period.isdigit():  # "max" and -1 are no limits
            yield int(quota) / int(period)


def group_folders(controller: str, trees: Path = TREES, groups: Path = GROUPS) -> Iterator[Path]:
    """The folders of this process's groups in the trees of the controller, each before those above it.

    A folder may not exist, or not limit what the controller counts.
    """
    for line in _text(groups).splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers and controller not in controllers.split(","):
            continue
        tree = trees / controller if controllers else trees
        # A container may see its own group as the root of the tree, and here still the path that the machine sees.
        group = tree / path.lstrip("/")
        yield from [group, *group.parents][: len(group.relative_to(tree).parts) + 1]


def _text(file: Path) -> str:
    """The content without spaces at its ends; "" where the file does not exist."""
    return file.read_text().strip() if file.exists() else ""
