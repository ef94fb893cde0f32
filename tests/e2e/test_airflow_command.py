"""The night by Airflow's scheduler, as `make run` has it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.e2e.airflow_shop import DAY, PATIENCE, ROOT, make_shop, needs_airflow

pytestmark = needs_airflow


def test_make_run_has_the_scheduler_publish_the_night_and_tells_each_task(tmp_path: Path) -> None:
    shop = make_shop(tmp_path)
    code = f"from airflow_night import run_night; run_night({DAY!r})"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT / ".ci",
        env=shop.environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert done.returncode == 0, done.stderr[-5000:]
    assert shop.published()["date"] == DAY
    tasks = [line.split()[0] for line in done.stderr.splitlines()]
    assert (tasks[0], tasks[-1]) == ("receive_drop", "prune_lake")
    (log,) = tmp_path.glob("airflow/logs/dag_id=nightly/run_id=*/task_id=clean_events/*.log")
    assert f"run_id=night_{DAY}__" in str(log)
    written = [json.loads(line)["event"] for line in log.read_text().splitlines()]
    assert [line for line in written if " INFO " in line] == []  # of Spark: the job's own lines stand out
    assert shop.processes() == []
