"""### The night: raw drop in, recommendations out

Yesterday's tables and today's raw drop go in; lists for every user come out as Parquet, and the storefront's pointer
`published/current.json` moves only at the very end.

**Nothing is broken while this is red.** Each job writes versions that nobody reads. A gate makes them current, all of
its tables or none. Only `publish_night` moves the storefront.

**A task runs one branch or two.** `run_lists` runs the jobs of the branch `lists` one after another, its gate last, in
one Spark application. `run_offers_and_audiences` runs the jobs of two branches. The task's log has a line for each job.
A job that waits for a file, trains a model or moves the storefront has a task of its own. A task that is cleared or
tried again runs all its jobs again.

**A failed branch does not stop the others.** If `intake`, `features` or `lists` fails, nothing is published, and the
storefront shows the last good night; if `intake` or `features` fails, no other branch runs. If `customers`, `offers`,
`audiences`, `copy`, `images` or `service` fails, the rest is published. Readers then see the last good night's rows of
that product that are still true, for as many nights as the settings `carry` say; after that the product is absent.
`publish_night` logs which. `prices` and `judge` are for people: readers miss nothing. `show_night` draws every night as
pages in `reports/`, also a night that is held back; *Night report* in the UI opens them. The run's note says in one
line how the night ended. `whole` is red whenever a task failed, so that somebody looks. Clear the red task and all
tasks downstream: the product becomes fresh, and the run whole.

**A task of two branches** is red if one of them failed; its log, the note and `describe_night` name the jobs. If the
first branch fails, the second still runs: audiences without tonight's offers, judgements without prices. Tasks that
wait for offers wait until all tries of the task are over.

**What a red task leaves behind, and what to do**

- `receive_drop`: nothing. The drop is missing or cannot be read; the log names the file. Clear the task when the file
  has come. In a scheduled run, the task waits for a file that has not come or is not complete: it looks every 10
  minutes for 6 hours (`NIGHTMARKET_WAIT_HOURS`), sends an alert after the first look, and uses no worker meanwhile.
  A run by hand or of a backfill fails at once. Only one night runs at a time: to run another day while one waits, mark
  its `receive_drop` as failed.
- `run_intake_and_features`, `run_lists` and the other branches, with `GateFailed` in the log: the complete rejected
  version. The log has its path, the rule and the values seen. Repair the drop or the mapping, then trigger a new run
  for that date.
- `publish_night`: tonight's tables, current but not shown. The log compares tonight with the last good night. If
  tonight is right after all, trigger the date again with *Settings* naming a file that widens the limit.
- any task, with `LakeBusy`: another night, started by hand or on another machine, holds the lake; the log says which
  night, since when and until when. The task is tried again, and a scheduled `receive_drop` waits as it waits for a
  file. A night that was killed holds the lake for 15 minutes at most (`lease.minutes`).
- any other: a version that no gate has passed and nobody reads. The task ran out of memory or disk, lost its cluster,
  or was killed. Clear the task: it starts over and deletes what it left.

A task is not tried again if its job refused something: a broken rule of a gate, a missing folder, a wrong source or
setting. Every other failure is tried again, after a longer wait each time.

**Rerun a date.** *Trigger* with its `date`; the same by hand:

    airflow dags trigger nightly --conf '{"date": "2026-01-06"}'

This is a new run of the same content. Clear tasks only in a run that failed. Then rerun the nights after that date,
oldest first, one at a time: each night builds on the night before it. Without `--reprocess-behavior`, dates that ran
before are left out.

    airflow backfill create --dag-id nightly --from-date 2026-01-06 --to-date 2026-01-09 \\
      --max-active-runs 1 --reprocess-behavior completed

**Roll back the storefront.** `python -m jobs rollback --lake LAKE`.

**Run a night and publish nothing.** Trigger with *Dry run*.

**One night at a time.** The run holds the lake from `receive_drop` to `release_lake`, its last task.

**A cluster.** Change the connection `spark_default`: `{"conn_type": "spark", "host": "spark://master", "port": 7077}`.
Every worker needs the pipeline environment at the same path, and a lake that it can read.

**Small machines.** All tasks but training take a slot of the pool `night` (`airflow pools set night 1 "jobs at a
time"`), the most urgent first: lists, customers, offers and audiences, copy, images, service, then the rest. Give the
pool as many slots as the machine can run jobs at the same time. Without this pool no task is scheduled.

**GPU work.** `train_als`, `train_lstm` and `train_copywriter` take a slot of the pool `gpu` (`airflow pools set gpu 1
training`) and go to the queue `gpu`: if your workers have queues, start a worker with `-q gpu`. The LSTM and the
copywriter train on that worker's GPU.

**Alerts.** After the last try of a task, and after the first look for a missing drop, `{"text": ...}` with the job's
own message is posted to the URL in `NIGHTMARKET_ALERT_URL`.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import Any

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, Asset, BaseOperator, CronDataIntervalTimetable, Param, TaskGroup
from launch import DEFAULTS, NIGHT, RUN, ZONE, Whole, day_at, plain, spark, wait_for_drop
from shop_form import CONFIG, SHOP

# The night of day D starts at 02:00 of D+1 in ZONE, when the day is over and its drop is there. Empty: only by hand.
SCHEDULE = os.environ.get("NIGHTMARKET_SCHEDULE", "0 2 * * *")

AS_IN_SETTINGS = "as in the settings"

PARAMS = {
    **SHOP,
    "date": Param(
        None,
        type=["null", "string"],
        format="date",
        title="Night",
        description="The day whose events are taken in, such as 2026-01-06. Empty: the run's logical date, as in every "
        "scheduled run.",
    ),
    "retrain": Param(
        AS_IN_SETTINGS,
        type="string",
        enum=[AS_IN_SETTINGS, "auto", "always", "never"],
        title="Retrain",
        description="auto: when the night brought events; always; never: last night's model is carried over. "
        f"{AS_IN_SETTINGS}: what the settings say, else auto.",
    ),
    "k": Param(
        None,
        type=["null", "integer"],
        minimum=1,
        maximum=1000,
        title="k",
        description="Length of each user's list, such as 12. Empty: what the settings say, else 12.",
    ),
    "dry_run": Param(
        False, type="boolean", title="Dry run", description="Do everything but publish; the storefront stays as it is."
    ),
}

ARGUMENTS = [
    *("--date", NIGHT, "--lake", "{{ params.lake }}", "--source", "{{ params.source }}", "--raw", "{{ params.raw }}"),
    *CONFIG,
    *("--run", RUN, "--goes-on"),  # the run holds the lake until release_lake
    # What the form leaves open, as every scheduled run does, is empty here: it would go before the file of settings.
    *("--set", f"{{{{ '' if params.retrain == '{AS_IN_SETTINGS}' else 'training.retrain=' ~ params.retrain }}}}"),
    *("--set", "{{ 'recommend.k=%d' % params.k if params.k else '' }}"),
]
HELD = ["--date", NIGHT, "--lake", "{{ params.lake }}", "--run", RUN]
PUBLISHED = Asset("nightmarket_published")
GPU = {"pool": "gpu", "queue": "gpu"}
NOT_IN_A_DRY_RUN = "{{ 'a dry run leaves the storefront as it is' if params.dry_run else '' }}"


def night_of(params: Any, dag_run: Any) -> str:
    """The date to compute: the form's, or else the day of the run's logical date."""
    if params["date"]:
        return str(params["date"])
    if dag_run.logical_date is None:
        raise ValueError('which night? This run has no logical date; trigger it with {"date": "2026-01-06"}')
    return day_at(dag_run.logical_date)


def box(name: str, what: str, urgency: int) -> TaskGroup:
    """A box of the graph: one branch or several; jobs/runtime/branches.py says which go together.

    Its tasks keep the names of the jobs. When several tasks wait for a slot, the most urgent gets it.
    """
    return TaskGroup(name, prefix_group_id=False, tooltip=what, default_args={"priority_weight": urgency})


def over(name: str, tasks: list[BaseOperator]) -> EmptyOperator:
    """A task that is done when all `tasks` have ended, also if some failed: the tasks after it can do without them."""
    ended = EmptyOperator(task_id=f"{name}_over", trigger_rule="all_done")
    tasks >> ended
    return ended


def jobs_of(name: str) -> BaseOperator:
    """A task for all jobs of a box that have no task of their own, one after another in one Spark application."""
    return spark("run_branch", ["--branch", name, *ARGUMENTS], f"run_{name}")


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
    default_args={**DEFAULTS, "pool": "night", "weight_rule": "absolute"},
) as dag:
    # A hard edge is a plain >>. A soft edge goes through the task `X_over`, which waits until all tasks of X have
    # ended, failed or not. No job has a soft edge itself: it would also run after a gate that failed, and read tables
    # that no gate has passed.
    with box("intake_and_features", "The shop's files, cleaned, and what is known of each user and item", 100):
        receive_drop = wait_for_drop("receive_drop", ARGUMENTS)
        intake_and_features = jobs_of("intake_and_features")
        receive_drop >> intake_and_features
    with box("lists", "What each user is shown", 100):
        train_als = plain("train_als", ARGUMENTS, **GPU)
        train_lstm = plain("train_lstm", ARGUMENTS, **GPU)
        lists = jobs_of("lists")
        # Without tonight's ALS every list would show popular items, and nobody would notice: so that edge is hard. If
        # tonight's LSTM cannot be trained, the newest earlier LSTM is used.
        intake_and_features >> [train_als, train_lstm]
        [intake_and_features, train_als, over("train_lstm", [train_lstm])] >> lists
    with box("customers", "Segments, and chances to buy", 60):
        customers = jobs_of("customers")
        intake_and_features >> customers
        customers_over = over("customers", [customers])
    with box("offers_and_audiences", "Who gets which offer; whom to write to about an item, a segment, a campaign", 50):
        offers_and_audiences = jobs_of("offers_and_audiences")
        [intake_and_features, lists, customers_over] >> offers_and_audiences
        offers_and_audiences_over = over("offers_and_audiences", [offers_and_audiences])
    with box("images", "What the items' pictures show, and what looks alike", 20):
        images = jobs_of("images")
        intake_and_features >> images
        images_over = over("images", [images])
    with box("service", "Customers' questions and the answers that current rows give", 20):
        service = jobs_of("service")
        [intake_and_features, offers_and_audiences_over] >> service
        service_over = over("service", [service])
    with box("copy", "Marketing texts, and which user gets which text", 40):
        train_copywriter = plain("train_copywriter", ARGUMENTS, **GPU)
        copy = jobs_of("copy")
        intake_and_features >> train_copywriter
        copywriter_over = over("train_copywriter", [train_copywriter])
        [lists, offers_and_audiences_over, copywriter_over, images_over] >> copy
        copy_over = over("copy", [train_copywriter, copy])
    with box("prices_and_judge", "For people, never published: prices to approve, last night's lists, experiments", 10):
        prices_and_judge = jobs_of("prices_and_judge")
        [intake_and_features, offers_and_audiences_over] >> prices_and_judge
        prices_and_judge_over = over("prices_and_judge", [prices_and_judge])
    products_over = [customers_over, offers_and_audiences_over, copy_over, images_over, service_over]
    with box("publish", "The storefront's pointer moves, and old runs are deleted", 100):
        # Another DAG starts after publishing with DAG(schedule=[Asset("nightmarket_published")]).
        publish_night = plain("publish_night", ARGUMENTS, skip=NOT_IN_A_DRY_RUN, publishes=PUBLISHED)
        prune_lake = plain("prune_lake", ARGUMENTS, skip=NOT_IN_A_DRY_RUN)
        [lists, *products_over] >> publish_night
        [publish_night, prices_and_judge_over] >> prune_lake
    with box("show", "The night as pages; the lake is given back; a night that is not whole is red", 10):
        show_night = plain("show_night", ARGUMENTS)
        [over("publish", [publish_night, prune_lake]), *products_over, prices_and_judge_over] >> show_night
        jobs = [task for task in dag.tasks if not isinstance(task, EmptyOperator)]
        release_lake = plain("release_lake", HELD, trigger_rule="all_done")
        jobs >> release_lake
        jobs >> Whole(task_id="whole", trigger_rule="one_failed", retries=0, on_failure_callback=None)
