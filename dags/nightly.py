"""### The night: raw drop in, recommendations out

Yesterday's tables and today's raw drop go in; lists for every user come out as Parquet, and the storefront's pointer
`published/current.json` moves only at the very end.

**Nothing is broken while this is red.** Each task writes versions that nobody reads; a gate makes them current, all of
a stage or none; only `publish_night` moves the storefront. Until then it shows the last good night.

**What a red task leaves behind, and what to do**

- `receive_drop`: nothing. The drop is missing or cannot be read; the log names the file. Once it is there, clear the
  task. In a scheduled run, a file that has not come, or is not whole yet, is waited for: the task looks every 10
  minutes for 6 hours (`NIGHTMARKET_WAIT_HOURS`), tells at the first look, and takes no worker meanwhile. A run by hand
  or of a backfill fails at once. Only one night runs at a time: to run another day while one waits, mark its
  `receive_drop` as failed.
- `check_clean`, `check_features`, `check_lists`: the rejected version, whole; the log has its path, the rule and the
  values seen. Repair the drop or the mapping, then trigger a new run for that date.
- `publish_night`: tonight's tables, current but not shown. The log compares tonight with the last good night. If
  tonight is right after all, trigger the date again with *Settings* naming a file that widens the limit.
- any other: a version that no gate has passed and nobody reads. It ran out of memory, disk or cluster, or was killed.
  Clear the task: it starts over and drops what it left.

What a job refuses is not retried, as it would be the same again: a gate's rule, a folder that is not there, a source
or setting that is wrong. Everything else is, each time later.

**Rerun a date.** *Trigger* with its `date`; the same by hand:

    airflow dags trigger nightly --conf '{"date": "2026-01-06"}'

This is a new run of the same content. Clear tasks only in a run that failed. The nights after it have to follow, as
each builds on the one before: oldest first, one at a time. Without `--reprocess-behavior`, dates that ran are left out.

    airflow backfill create --dag-id nightly --from-date 2026-01-06 --to-date 2026-01-09 \\
      --max-active-runs 1 --reprocess-behavior completed

**Roll back the storefront.** `python -m jobs rollback --lake LAKE`.

**Look but publish nothing.** Trigger with *Dry run*.

**A cluster.** Change the connection `spark_default`: `{"conn_type": "spark", "host": "spark://master", "port": 7077}`.
Every worker needs the pipeline environment at the same path, and a lake that it can read.

**GPU work.** `train_als`, `train_lstm` and `train_copywriter` take a slot of the pool `gpu` (`airflow pools set gpu 1
training`) and go to the queue `gpu`: where workers have queues, start one with `-q gpu`. LSTM and copywriter train on
the GPU that they find there.

**Alerts.** After the last try, and when a drop is first found missing, `{"text": ...}` with the job's own message is
posted to the URL in `NIGHTMARKET_ALERT_URL`.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import Any

from airflow.providers.apache.spark.operators.spark_submit import SparkSubmitOperator
from airflow.sdk import DAG, Asset, CronDataIntervalTimetable, Param, TaskGroup, chain
from launch import CONFIG, DEFAULTS, NIGHT, RUN, SHOP, ZONE, day_at, plain, spark, wait_for_drop

# The night of day D starts at 02:00 of D+1 in ZONE, when the day is over and its drop is there. Empty: only by hand.
SCHEDULE = os.environ.get("NIGHTMARKET_SCHEDULE", "0 2 * * *")

PARAMS = {
    **SHOP,
    "date": Param(
        None,
        type=["null", "string"],
        format="date",
        title="Night",
        description="The day whose events are taken in. Empty: the run's logical date, as in every scheduled run.",
    ),
    "retrain": Param(
        "auto",
        type="string",
        enum=["auto", "always", "never"],
        title="Retrain",
        description="auto: when the night brought events; always; never: last night's model is carried over.",
    ),
    "k": Param(12, type="integer", minimum=1, maximum=1000, title="k", description="Length of each user's list."),
    "dry_run": Param(
        False, type="boolean", title="Dry run", description="Do everything but publish; the storefront stays as it is."
    ),
}

ARGUMENTS = [
    *("--date", NIGHT, "--lake", "{{ params.lake }}", "--source", "{{ params.source }}", "--raw", "{{ params.raw }}"),
    *CONFIG,
    *("--run", RUN, "--set", "train.retrain={{ params.retrain }}", "--set", "recommend.k={{ params.k }}"),
]
PUBLISHED = Asset("nightmarket_published")
NOT_IN_A_DRY_RUN = "{{ 'a dry run leaves the storefront as it is' if params.dry_run else '' }}"


def night_of(params: Any, dag_run: Any) -> str:
    """The date to compute: the form's, or else that of the run."""
    if params["date"]:
        return str(params["date"])
    if dag_run.logical_date is None:
        raise ValueError('which night? This run has no logical date; trigger it with {"date": "2026-01-06"}')
    return day_at(dag_run.logical_date)


def group(name: str, what: str) -> TaskGroup:
    """A box of the graph; its tasks keep their names, which are those of the jobs."""
    return TaskGroup(name, prefix_group_id=False, tooltip=what)


def gate(stage: str) -> SparkSubmitOperator:
    return spark("check_tables", ["--stage", stage, *ARGUMENTS], f"check_{stage}")


with DAG(
    "nightly",
    description="Raw logs in, recommendations out: one night of the shop.",
    doc_md=__doc__,
    schedule=CronDataIntervalTimetable(SCHEDULE, timezone=ZONE) if SCHEDULE else None,
    start_date=datetime(2010, 1, 1, tzinfo=UTC),  # before any log that may be backfilled
    catchup=False,
    max_active_runs=1,  # a night builds on the one before
    params=PARAMS,
    user_defined_macros={"night_of": night_of},
    tags=["nightmarket"],
    default_args=DEFAULTS,
) as dag:
    with group("intake", "The shop's files, cleaned, and its catalogue") as intake:
        chain(
            wait_for_drop("receive_drop", ARGUMENTS),
            spark("clean_events", ARGUMENTS),
            spark("update_catalogue", ARGUMENTS),
            gate("clean"),
        )
    with group("features", "What is known of each user and item") as features:
        chain(
            spark("update_interest", ARGUMENTS),
            spark("build_features", ARGUMENTS),
            spark("update_profiles", ARGUMENTS),
            gate("features"),
        )
    with group("models", "Sources of candidates, the copywriter, and the ranker over the sources") as models:
        chain(
            spark("rank_popular_items", ARGUMENTS),
            spark("find_bought_together", ARGUMENTS),
            plain("train_als", ARGUMENTS, pool="gpu", queue="gpu"),
            plain("train_lstm", ARGUMENTS, pool="gpu", queue="gpu"),
            plain("train_copywriter", ARGUMENTS, pool="gpu", queue="gpu"),
            plain("train_ranker", ARGUMENTS),
        )
    with group("customers_and_prices", "Segments, chances to buy, proposed prices") as customers_and_prices:
        chain(
            spark("segment_users", ARGUMENTS), plain("predict_purchases", ARGUMENTS), spark("suggest_prices", ARGUMENTS)
        )
    with group("lists", "What each user is shown, and in which words") as lists:
        chain(
            spark("recommend_items", ARGUMENTS),
            spark("choose_offers", ARGUMENTS),
            plain("find_audiences", ARGUMENTS),
            spark("write_copy", ARGUMENTS),
        )
    with group("judging", "Last night's lists by what users did since, experiments, the last gate") as judging:
        chain(plain("judge_lists", ARGUMENTS), spark("judge_experiments", ARGUMENTS), gate("lists"))
    with group("publishing", "The storefront's pointer moves; old runs are deleted") as publishing:
        chain(
            # Another DAG starts on it with DAG(schedule=[Asset("nightmarket_published")]).
            plain("publish_night", ARGUMENTS, skip=NOT_IN_A_DRY_RUN, publishes=PUBLISHED),
            plain("prune_lake", ARGUMENTS, skip=NOT_IN_A_DRY_RUN),
        )
    chain(intake, features, models, customers_and_prices, lists, judging, publishing)
