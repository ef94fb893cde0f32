"""What the JVM writes beside the lines of jobs."""

from __future__ import annotations

import io

import pytest

from jobs.runtime.spark import _pass_on


def test_the_jvms_own_lines_are_dropped_and_errors_are_not(capsys: pytest.CaptureFixture[str]) -> None:
    real = "java.lang.OutOfMemoryError: heap\n12:00:00 WARN spark BlockManager: lost\n"
    _pass_on(io.StringIO(f"WARNING: Using incubator modules: x\nnetlib-blas: no libblas\n{real}"))
    assert capsys.readouterr().err == real
