"""The note of a run: one line that says how the night ended, and where to look."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from types import ModuleType
from typing import Any
from uuid import uuid4

import pytest
from airflow.models import import_all_models
from airflow.models.base import Base
from airflow.models.dagrun import DagRun
from airflow.models.taskinstance import TaskInstance
from airflow.models.xcom import XComModel
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from tests.dags.conftest import ROOT

PRODUCTS = "2026-01-06-001: lists, copy fresh; offers carried from 2026-01-05; audiences absent"
PAGE = "/lake/reports/date=2026-01-06/index.html"
SAID = {"publish_night": PRODUCTS, "show_night": f"9 pages, 1.2 MB: {PAGE}"}
WHOLE_NIGHT = {"receive_drop": "success", "publish_night": "success", "show_night": "success", "whole": "skipped"}
LOOK = f" Look at Night report, beside this run: {PAGE}"
DUE = datetime(2026, 1, 7, 2, tzinfo=UTC)


@pytest.fixture(scope="module")
def plugin() -> ModuleType:
    spec = importlib.util.spec_from_file_location("night_note", ROOT / "dags/plugins/night_note.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_published_night_says_what_is_fresh_carried_and_absent(plugin: ModuleType) -> None:
    assert plugin.line(WHOLE_NIGHT, SAID, {}) == f"Published as {PRODUCTS}.{LOOK}"


def test_a_night_that_is_not_whole_says_what_failed(plugin: ModuleType) -> None:
    states = {**WHOLE_NIGHT, "run_offers_and_audiences": "failed", "whole": "failed"}
    why = {"run_offers_and_audiences": "JobsFailed: failed: check_offers\n  check_offers: GateFailed: offers"}
    note = plugin.line(states, SAID, why)
    failed = "Failed: run_offers_and_audiences: JobsFailed: failed: check_offers check_offers: GateFailed: offers."
    assert note == f"Published as {PRODUCTS}. {failed}{LOOK}"


def test_a_night_that_is_held_back_says_why(plugin: ModuleType) -> None:
    states = {**WHOLE_NIGHT, "publish_night": "failed", "whole": "failed"}
    note = plugin.line(states, SAID, {"publish_night": "NotPublished: churn: saw 99%"})
    assert note.startswith("Held back: publish_night: NotPublished: churn: saw 99%. Readers still see")
    assert note.endswith(LOOK)


def test_a_refused_drop_leads_to_the_log_as_there_is_no_page(plugin: ModuleType) -> None:
    states = dict.fromkeys(WHOLE_NIGHT, "upstream_failed") | {"receive_drop": "failed"}
    note = plugin.line(states, {}, {"receive_drop": "FileNotFoundError: no folder /drops"})
    assert note.startswith("Held back: receive_drop: FileNotFoundError: no folder /drops.")
    assert note.endswith("look at the log of the first red task.")


def test_a_killed_task_has_no_words_of_its_own(plugin: ModuleType) -> None:
    assert "receive_drop: failed; its log says more" in plugin.line({"receive_drop": "failed"}, {}, {})


def test_a_night_that_a_person_ended_says_so(plugin: ModuleType) -> None:
    assert plugin.line({"receive_drop": "success"}, {}, {}).startswith("Held back: it was ended before publish_night.")


def test_a_dry_run_says_that_nothing_was_published(plugin: ModuleType) -> None:
    note = plugin.line({**WHOLE_NIGHT, "publish_night": "skipped"}, {"show_night": SAID["show_night"]}, {})
    assert note == f"A dry run: nothing was published.{LOOK}"


def test_a_note_has_room_for_the_page_however_much_failed(plugin: ModuleType) -> None:
    states = {f"task_{number}": "failed" for number in range(20)} | {"show_night": "success"}
    note = plugin.line(states, SAID, dict.fromkeys(states, "GateFailed: " + "long " * 500))
    assert len(note) <= plugin.MOST
    assert note.endswith(PAGE)


def test_words_of_a_person_stay_and_an_earlier_line_of_ours_goes(plugin: ModuleType) -> None:
    note = plugin.with_line("the sale begins\nHeld back: publish_night: late.", "Published as 1.")
    assert note == "the sale begins\nPublished as 1."
    assert len(plugin.with_line("x" * 1000, "Published as 1.")) == plugin.MOST
    assert plugin.with_line(None, "Published as 1.") == "Published as 1."


@pytest.fixture
def session() -> Iterator[Session]:
    """Airflow's own tables, in memory."""
    import_all_models()
    engine = create_engine("sqlite://")
    Base.metadata.create_all(engine)
    with Session(engine) as opened:
        yield opened


def ended_run(session: Session, dag_id: str) -> DagRun:
    """A run whose lists were not good enough: its tasks, and the messages that they left in Airflow."""
    run = DagRun(dag_id=dag_id, run_id="night", logical_date=DUE, run_after=DUE, run_type="manual", state="failed")
    session.add(run)
    session.flush()
    states = {"receive_drop": "success", "publish_night": "failed", "show_night": "success", "whole": "failed"}
    for number, (task, state) in enumerate(states.items()):
        ended = DUE + timedelta(minutes=number)
        row: dict[str, Any] = {"id": uuid4(), "task_id": task, "dag_id": dag_id, "run_id": "night", "state": state}
        times = {"end_date": ended, "map_index": -1, "pool": "night", "pool_slots": 1, "executor_config": {}}
        session.execute(TaskInstance.__table__.insert().values(**row, **times))
    messages = {("publish_night", "why"): "NotPublished: 3 lists\n  rows: expected 9, saw 3"}
    messages[("show_night", "return_value")] = SAID["show_night"]
    for (task, key), value in messages.items():
        row_of_task = {"dag_run_id": run.id, "dag_id": dag_id, "run_id": "night", "task_id": task, "map_index": -1}
        session.execute(XComModel.__table__.insert().values(**row_of_task, key=key, value=value))
    return run


def test_airflow_keeps_the_line_with_the_run(plugin: ModuleType, session: Session) -> None:
    run = ended_run(session, "nightly")
    (listener,) = plugin.NightNote.listeners
    listener.on_dag_run_failed(run)
    session.commit()
    session.expire_all()
    held = "Held back: publish_night: NotPublished: 3 lists rows: expected 9, saw 3."
    assert run.note == f"{held} Readers still see the last good night.{LOOK}"


def test_runs_of_other_dags_have_no_note(plugin: ModuleType, session: Session) -> None:
    run = ended_run(session, "refresh")
    (listener,) = plugin.NightNote.listeners
    listener.on_dag_run_success(run)
    assert run.note is None


def test_airflow_calls_the_listener(plugin: ModuleType, session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    from airflow.listeners.listener import get_listener_manager

    run = ended_run(session, "nightly")
    manager = get_listener_manager()
    manager.add_listener(plugin.NightNote.listeners[0])
    try:
        run.notify_dagrun_state_changed(msg="task_failure")
    finally:
        manager.clear()
    assert run.note.startswith("Held back: publish_night")
