"""### The day so far: fresh lists for users who did something since last night

For shops whose files grow, or come, during the day. The night's list sources take in what users did since, the LSTM
reads these events, and the night's ranker orders the lists again. **Nothing is trained**, and nothing is stored among
the nights. One put of `published/fresh.json` shows the new lists; the file says which published night they replace.
After the next night, readers ignore them.

**Nothing is broken while this is red.** The storefront shows the last refresh, or the night's lists.

- `receive_drop`, `clean_events`: today's files are missing, or cannot be read. These tasks write to `LAKE/refresh`,
  which the next refresh overwrites. The next hour tries again.
- `refresh_lists`: the lists break a rule that all lists must keep; the log names the rule. If the night before is not
  published yet, the task waits and says so.

The DAG is paused at first. Unpause it if files come during the day.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import Any

from airflow.sdk import DAG, CronTriggerTimetable, Param, chain
from launch import DEFAULTS, NIGHT, RUN, ZONE, day_at, plain, spark
from shop_form import CONFIG, SHOP

# Not in the hours in which the night runs. Empty: only by hand.
SCHEDULE = os.environ.get("NIGHTMARKET_REFRESH_SCHEDULE", "30 5-23 * * *")

PARAMS = {
    "date": Param(
        None,
        type=["null", "string"],
        format="date",
        title="Day",
        description=f"The day that is not over, such as 2026-01-06. Empty: the one on which the run is due, in {ZONE}.",
    ),
    **SHOP,
}


def day_of(params: Any, dag_run: Any) -> str:
    """The day to refresh: the form's, or else the day on which the run is due."""
    return str(params["date"] or day_at(dag_run.run_after))


def arguments(lake: str) -> list[str]:
    return [
        *("--date", NIGHT, "--lake", lake, "--source", "{{ params.source }}", "--raw", "{{ params.raw }}"),
        *CONFIG,
        *("--run", RUN),
    ]


with DAG(
    "refresh",
    description="What happened since last night, in the lists of those who did it; trains nothing.",
    doc_md=__doc__,
    schedule=CronTriggerTimetable(SCHEDULE, timezone=ZONE) if SCHEDULE else None,
    start_date=datetime(2010, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    is_paused_upon_creation=True,
    params=PARAMS,
    user_defined_macros={"night_of": day_of},
    tags=["nightmarket"],
    default_args={**DEFAULTS, "retries": 0},  # the next hour is the next try
) as dag:
    chain(
        plain("receive_drop", arguments("{{ params.lake }}/refresh")),
        spark("clean_events", arguments("{{ params.lake }}/refresh")),
        spark("refresh_lists", arguments("{{ params.lake }}")),
    )
