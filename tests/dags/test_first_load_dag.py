"""The DAG of the first load as Airflow sees it: its form, the job that it runs, and the night that it starts."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
FORM = {"from": "2024-01-01", "to": "2026-01-06", "without": None, "source": "shop.toml", "raw": "/drops",
        "lake": "/lake", "config": None}  # fmt: skip


@pytest.fixture(scope="module")
def dag() -> Any:
    import first_load

    return first_load.dag


def rendered(dag: Any, task_id: str, **form: Any) -> Any:
    task = dag.get_task(task_id).prepare_for_execution()
    run = SimpleNamespace(run_after=datetime(2026, 1, 7, 11, 30, tzinfo=UTC), logical_date=None, run_id="manual")
    context = {"params": FORM | form, "dag_run": run, "run_id": run.run_id}
    task.render_template_fields(context, jinja_env=dag.get_template_env())
    return task


def words(dag: Any, **form: Any) -> list[str]:
    task = rendered(dag, "load_history", **form)
    command = task._get_hook()._build_spark_submit_command(task.application)
    return command[command.index("load_history") :]


def test_it_loads_all_days_but_the_last_as_the_form_says(dag: Any) -> None:
    assert " ".join(words(dag, without="2025-05-01,2025-05-02")) == (
        "load_history --from 2024-01-01 --to 2026-01-06 --past-only --without 2025-05-01,2025-05-02 --lake /lake "
        "--source shop.toml --raw /drops --config  --run 20260107113000"
    )
    assert words(dag)[words(dag).index("--without") + 1] == ""


def test_the_last_day_is_a_night_of_the_nightly_dag(dag: Any) -> None:
    import nightly

    (load,) = dag.roots
    assert load.downstream_task_ids == {"last_night"}
    night = rendered(dag, "last_night")
    assert night.trigger_dag_id == nightly.dag.dag_id
    shop = {"source": "shop.toml", "raw": "/drops", "lake": "/lake", "config": ""}
    assert night.conf == {"date": "2026-01-06", **shop}
    assert set(night.conf) <= set(nightly.dag.params)
    assert night.wait_for_completion


@pytest.mark.parametrize("name", ["from", "to"])
def test_both_days_are_asked_for(dag: Any, name: str) -> None:
    with pytest.raises(ValueError, match=f'"{name}" is empty'):
        words(dag, **{name: None})


def test_it_runs_only_by_hand(dag: Any) -> None:
    assert dag.schedule is None
    assert dag.max_active_runs == 1


def test_every_field_of_the_form_is_explained_and_the_form_can_be_sent_unchanged(dag: Any) -> None:
    assert set(dag.params) == set(FORM)
    for name in FORM:
        param = dag.params.get_param(name)
        assert param.description
        assert param.schema["title"]
        assert param.resolve() is not None or "null" in param.schema["type"]
