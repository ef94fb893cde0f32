"""The DAG of the refresh as Airflow sees it: the jobs of `python -m jobs refresh`, in order, for an unfinished day."""

from __future__ import annotations

import ast
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.providers.apache.spark.operators.spark_submit import SparkSubmitOperator

ROOT = Path(__file__).resolve().parents[2]
FORM = {"date": None, "source": "shop.toml", "raw": "/drops", "lake": "/lake", "config": None}


@pytest.fixture(scope="module")
def dag() -> Any:
    import refresh

    return refresh.dag


def command(dag: Any, task_id: str) -> list[str]:
    due = datetime(2026, 1, 7, 11, 30, tzinfo=UTC)
    task = dag.get_task(task_id).prepare_for_execution()
    run = SimpleNamespace(run_after=due, logical_date=due, run_id="scheduled__2026-01-07T11:30")
    task.render_template_fields(
        {"params": FORM, "dag_run": run, "run_id": run.run_id}, jinja_env=dag.get_template_env()
    )
    if isinstance(task, SparkSubmitOperator):
        return task._get_hook()._build_spark_submit_command(task.application)
    return task.command


def order() -> list[tuple[str, str]]:
    """ORDER of jobs/nights/refresh.py, read and not imported: this environment has no Spark."""
    for node in ast.parse((ROOT / "jobs/nights/refresh.py").read_text("utf-8")).body:
        if isinstance(node, ast.AnnAssign) and getattr(node.target, "id", "") == "ORDER":
            return list(ast.literal_eval(node.value))
    raise AssertionError("jobs/nights/refresh.py has no ORDER")


def test_tasks_are_the_jobs_of_a_refresh_in_its_order_and_lakes(dag: Any) -> None:
    task, tasks = dag.roots[0], []
    while task:
        words = command(dag, task.task_id)
        assert task.task_id in words
        tasks.append((task.task_id, words[words.index("--lake") + 1].removeprefix("/lake").removeprefix("/")))
        task = task.downstream_list[0] if task.downstream_list else None
    assert tasks == order()


def test_it_runs_for_the_day_that_is_not_over(dag: Any) -> None:
    words = command(dag, "refresh_lists")
    assert words[words.index("--date") + 1] == "2026-01-07"
    assert words[words.index("--run") + 1] == "20260107113000"


def test_the_form_can_be_sent_unchanged(dag: Any) -> None:
    for name in dag.params:
        param = dag.params.get_param(name)
        assert param.resolve() != "", name
        assert param.value is not None or "null" in param.schema["type"], name


def test_it_waits_to_be_unpaused_and_runs_once_at_a_time(dag: Any) -> None:
    assert dag.is_paused_upon_creation
    assert dag.max_active_runs == 1
    assert dag.catchup is False
