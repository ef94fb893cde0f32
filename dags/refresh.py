"""### The day so far: fresh lists for those who did something since last night

For shops whose files grow, or come, during the day. The night's sources take in what users did since, the LSTM reads
on, the night's ranker orders anew: **nothing is trained**, and nothing of it stands among the nights. Lists of the
users who did something are shown by one put of `published/fresh.json`, which says over which published night they lie;
the next night makes them meaningless.

**Nothing is broken while this is red.** The storefront shows the last refresh, or the night's lists.

- `receive_drop`, `clean_events`: today's files are missing, or cannot be read. They work in `LAKE/refresh`, which the
  next refresh overwrites. The next hour tries again.
- `refresh_lists`: the lists are not as all lists must be; the log has the rule. Until the night before is published it
  waits, and says so.

It is paused at first: unpause it where files come during the day.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import Any

from airflow.sdk import DAG, CronTriggerTimetable, Param, chain
from launch import DEFAULTS, NIGHT, RUN, ZONE, day_at, plain, spark
from shop_form import CONFIG, SHOP

# Not in the hours in which the night is made. Empty: only by hand.
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
    """The day to refresh: the form's, or else that of the run."""
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
