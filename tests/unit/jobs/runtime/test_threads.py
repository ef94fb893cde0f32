"""Threads of numerical libraries: no more than the usable cores, and they sleep while they wait."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from jobs.runtime.threads import usable_cores

ROOT = Path(__file__).resolve().parents[4]


def test_threads_of_torch_sleep_while_they_wait() -> None:
    """OpenMP itself prints its settings when a job has begun and torch is loaded."""
    plain = {k: v for k, v in os.environ.items() if not k.startswith(("OMP_", "KMP_"))} | {"OMP_DISPLAY_ENV": "verbose"}
    code = "from jobs.__main__ import main; main(['--help']); import torch"
    process = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=plain, capture_output=True, text=True, check=True
    )
    assert "GOMP_SPINCOUNT = '0'" in process.stderr
    assert f"OMP_NUM_THREADS = '{usable_cores()}'" in process.stderr
