"""How a night ended, in one line: the note of its run in Airflow.

A listener of the scheduler: Airflow calls it when a run has ended, also when a person sets its state, and keeps the
note with the run. The line is made from what the tasks left in Airflow: the last message of `publish_night` and of
`show_night` (an XCom of the operators in `launch.py`), and why tasks failed (an XCom of `failures.py`). The lake is
not read, so the scheduler never waits for it. What a person wrote into the note stays above the line.
"""

from __future__ import annotations

from typing import Any, ClassVar

from airflow.listeners import hookimpl
from airflow.plugins_manager import AirflowPlugin

DAG = "nightly"
PUBLISHED, DRY, HELD = "Published as ", "A dry run", "Held back"  # how our lines begin
CALLED_RED = "whole"  # this task fails because other tasks failed
MOST, MOST_OF_ONE = 1000, 300  # most characters of a note in Airflow, and of the reason why one task failed


def line(states: dict[str, str], logged: dict[str, str], why: dict[str, str]) -> str:
    """How the night ended and where to look.

    states: task -> its state, in the order in which the tasks ended. logged: task -> the last message that its job
    logged. why: failed task -> its job's message.
    """
    failed = [task for task, state in states.items() if state == "failed" and task != CALLED_RED]
    faults = "; ".join(
        f"{task}: {shortened(why.get(task, 'failed; its log says more'), MOST_OF_ONE)}" for task in failed
    )
    if states.get("publish_night") == "success":
        sentence = f"{PUBLISHED}{logged.get('publish_night', 'the log of publish_night says')}."
        sentence += f" Failed: {faults}." if faults else ""
    elif states.get("publish_night") == "skipped":
        sentence = f"{DRY}: nothing was published." + (f" Failed: {faults}." if faults else "")
    else:
        sentence = f"{HELD}: {faults or 'it was ended before publish_night'}. Readers still see the last good night."
    return shortened(sentence, MOST - MOST_OF_ONE) + where_to_look(states, logged)


def where_to_look(states: dict[str, str], logged: dict[str, str]) -> str:
    if states.get("show_night") == "success":
        page = logged.get("show_night", "").rpartition(": ")[2]  # '9 pages, 1.2 MB: PATH'
        return " " + shortened(f"Look at Night report, beside this run: {page}".removesuffix(": "), MOST_OF_ONE - 1)
    return " No page was drawn: look at the log of the first red task."


def shortened(text: str, most: int) -> str:
    """`text` on one line, cut after `most` characters."""
    flat = " ".join(text.split())
    return flat if len(flat) <= most else f"{flat[: most - 1]}…"


def with_line(note: str | None, sentence: str) -> str:
    """The note with `sentence` instead of our earlier line. A person's text stays, as far as there is room."""
    persons_lines = [text for text in (note or "").splitlines() if not text.startswith((PUBLISHED, DRY, HELD))]
    persons_note = "\n".join(persons_lines)[: MOST - len(sentence) - 1]
    return f"{persons_note}\n{sentence}" if persons_note else sentence


def write_note(run: Any) -> None:
    """Set the note of a run of the DAG, in the database session that the run came with."""
    if run.dag_id != DAG:
        return
    from airflow.models.xcom import XComModel  # late: workers load plugins too, and have no database
    from sqlalchemy.orm import object_session

    session = object_session(run)
    tasks = run.get_task_instances(session=session)
    ended = sorted((task for task in tasks if task.end_date), key=lambda task: task.end_date)

    def xcoms(key: str) -> dict[str, str]:
        rows = session.scalars(XComModel.get_many(run_id=run.run_id, dag_ids=run.dag_id, key=key))
        return {row.task_id: str(XComModel.deserialize_value(row)) for row in rows}

    sentence = line({task.task_id: str(task.state) for task in ended}, xcoms("return_value"), xcoms("why"))
    run.note = with_line(run.note, sentence)


class NoteOfRun:
    """The listener that Airflow calls."""

    @hookimpl
    def on_dag_run_success(self, dag_run: Any) -> None:
        write_note(dag_run)

    @hookimpl
    def on_dag_run_failed(self, dag_run: Any) -> None:
        write_note(dag_run)


class NightNote(AirflowPlugin):
    name = "night_note"
    listeners: ClassVar[list[Any]] = [NoteOfRun()]
