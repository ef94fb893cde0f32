"""The night in real Airflow, by `airflow dags test`, as `make run` has it."""

from __future__ import annotations

from pathlib import Path

from tests.e2e.airflow_shop import DAY, airflow, make_shop, needs_airflow

pytestmark = needs_airflow


def test_dags_test_publishes_the_night(tmp_path: Path) -> None:
    shop = make_shop(tmp_path)
    airflow(shop, "db", "migrate")
    log = airflow(shop, "dags", "test", "nightly", DAY)
    assert "state=success" in log.rpartition("DagRun Finished")[2]
    assert shop.published()["date"] == DAY
