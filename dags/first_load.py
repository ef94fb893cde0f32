"""### The first load: years of logs in, one published night out

For a shop that comes with a history. Trigger it once, by hand, with the first and the last day that have files.
`load_history` takes all days but the last in one pass. It receives every drop and accounts for every row. The tables
that grow from night to night then have the values of the day before the last, the same as after one night for each
day. `last_night` then starts the DAG `nightly` for the last day and waits for it: models are trained, and lists, offers
and texts are published.

Tables about lists that were shown (judgements, outcomes of offers, experiments) begin with that night.

**Nothing is broken while this is red.** Readers see nothing of it before the last night is published.

- `load_history`: readers see nothing of it. Its log names every file that cannot be read, and every day on which too
  many rows are rejected. Repair the files or the mapping, or name the days under *Without*, and clear the task. A task
  that was cut off in the middle continues after the last day whose tables are complete.
- `last_night`: look at the run of `nightly`. If that DAG is paused, unpause it.

A lake that has nights already gets the days after them. Days before its last night cannot be added: each night builds
on the one before it. Load them all into a new lake.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk import DAG, Param
from launch import DEFAULTS, RUN, spark
from shop_form import CONFIG, SHOP

PARAMS = {
    "from": Param(
        None,
        type=["null", "string"],
        format="date",
        title="First day",
        description="The first day of the history, such as 2024-01-01. Required.",
    ),
    "to": Param(
        None,
        type=["null", "string"],
        format="date",
        title="Last day",
        description="The last day there are files for, such as 2026-01-06; its night is published. Required.",
    ),
    "without": Param(
        None,
        type=["null", "string"],
        title="Without",
        description="Days whose files are left out, such as 2026-01-05,2026-02-11. Empty: none.",
    ),
    **SHOP,
}
ARGUMENTS = [
    *("--from", "{{ day(params, 'from') }}", "--to", "{{ day(params, 'to') }}", "--past-only"),
    *("--without", "{{ params.without or '' }}"),
    *("--lake", "{{ params.lake }}", "--source", "{{ params.source }}", "--raw", "{{ params.raw }}"),
    *CONFIG,
    *("--run", RUN),
]
NIGHTLY = {
    "date": "{{ day(params, 'to') }}",
    **{name: f"{{{{ params.{name} }}}}" for name in ("source", "raw", "lake")},
    "config": CONFIG[1],
}


def day_of(params: Any, name: str) -> str:
    """A required day of the form."""
    if not params[name]:
        raise ValueError(f'which days? Trigger it with {{"from": "2024-01-01", "to": "2026-01-06"}}; "{name}" is empty')
    return str(params[name])


with DAG(
    "first_load",
    description="Years of logs in one pass, then the night of the last day.",
    doc_md=__doc__,
    schedule=None,
    start_date=datetime(2010, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    is_paused_upon_creation=False,
    params=PARAMS,
    user_defined_macros={"day": day_of, "night_of": lambda params, dag_run: day_of(params, "to")},
    tags=["nightmarket"],
    default_args=DEFAULTS,
) as dag:
    last_night = TriggerDagRunOperator(
        task_id="last_night",
        trigger_dag_id="nightly",
        trigger_run_id="first_load_" + RUN,
        conf=NIGHTLY,
        reset_dag_run=True,  # if the task is cleared, the night runs again
        wait_for_completion=True,
        poke_interval=30,
        pool="default_pool",  # it only waits, and the night needs the slots
    )
    spark("load_history", ARGUMENTS) >> last_night
