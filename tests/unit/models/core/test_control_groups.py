"""Limits of control groups: of both versions, of nested groups, and in containers that see only their own group."""

from __future__ import annotations

from pathlib import Path

import pytest

from models.core.control_groups import core_limits, memory_limits
from models.core.memory import available_bytes, total_bytes

GIB = 1 << 30


def written(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{text}\n")


V2 = {
    "trees/system.slice/memory.max": "max",
    "trees/system.slice/memory.current": f"{9 * GIB}",
    "trees/system.slice/night.scope/memory.max": f"{4 * GIB}",
    "trees/system.slice/night.scope/memory.current": f"{3 * GIB}",
    "trees/system.slice/night.scope/memory.stat": f"anon {GIB}\ninactive_file {2 * GIB}",
    "trees/system.slice/cpu.max": "150000 100000",
    "trees/system.slice/night.scope/cpu.max": "max 100000",
    "own": "0::/system.slice/night.scope",
}
V1 = {
    "trees/memory/memory.limit_in_bytes": "9223372036854771712",  # how version 1 writes that there is none
    "trees/memory/shop/memory.limit_in_bytes": f"{4 * GIB}",
    "trees/memory/shop/memory.usage_in_bytes": f"{3 * GIB}",
    "trees/memory/shop/memory.stat": f"total_inactive_file {2 * GIB}",
    "trees/cpu/cpu.cfs_quota_us": "-1",
    "trees/cpu/cpu.cfs_period_us": "100000",
    "trees/cpu/shop/cpu.cfs_quota_us": "150000",
    "trees/cpu/shop/cpu.cfs_period_us": "100000",
    "own": "5:cpu,cpuacct:/shop\n4:memory:/shop\n1:name=systemd:/\n0::/",
}
IN_CONTAINER = {
    "trees/memory.max": f"{4 * GIB}",
    "trees/memory.current": f"{3 * GIB}",
    "trees/memory.stat": f"inactive_file {2 * GIB}",
    "trees/cpu.max": "150000 100000",
    "own": "0::/",
}
OLD_CONTAINER = {
    "trees/memory/memory.limit_in_bytes": f"{4 * GIB}",
    "trees/memory/memory.usage_in_bytes": f"{3 * GIB}",
    "trees/memory/memory.stat": f"total_inactive_file {2 * GIB}",
    "trees/cpu/cpu.cfs_quota_us": "150000",
    "trees/cpu/cpu.cfs_period_us": "100000",
    "own": "5:cpu:/docker/0a1b\n4:memory:/docker/0a1b",  # the machine's path; the container sees its group as the root
}


@pytest.mark.parametrize("files", [V2, V1, IN_CONTAINER, OLD_CONTAINER])
def test_the_smallest_limit_of_all_groups_holds(tmp_path: Path, files: dict[str, str]) -> None:
    written(tmp_path, files)
    trees, own = tmp_path / "trees", tmp_path / "own"
    smallest = min(memory_limits(trees, own))
    assert smallest.limit == 4 * GIB
    assert smallest.held == GIB, "files that the kernel can drop are not held"
    assert min(core_limits(trees, own)) == 1.5


def test_without_control_groups_the_machine_is_the_limit(tmp_path: Path) -> None:
    assert not list(memory_limits(tmp_path, tmp_path / "none"))
    assert not list(core_limits(tmp_path, tmp_path / "none"))
    assert 0 < available_bytes() <= total_bytes()
