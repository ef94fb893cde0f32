"""### The night: raw drop in, recommendations out

Yesterday's tables and today's raw drop go in; lists for every user come out as Parquet, and the storefront's pointer
`published/current.json` moves only at the very end.

**Nothing is broken while this is red.** Each task writes versions that nobody reads; a gate makes them current, all of
a stage or none; only `publish_night` moves the storefront. Until then it shows the last good night.

**What a red task leaves behind, and what to do**

- `receive_drop`: nothing. The drop is missing or cannot be read; the log names the file. Once it is there, clear the
  task.
- `check_clean`, `check_features`, `check_lists`: the rejected version, whole; the log has its path, the rule and the
  values seen. Repair the drop or the mapping, then trigger a new run for that date.
- `publish_night`: tonight's tables, current but not shown. The log compares tonight with the last good night. If
  tonight is right after all, trigger the date again with *Settings* naming a file that widens the limit.
- any other: a version that no gate has passed and nobody reads. It ran out of memory, disk or cluster, or was killed.
  Clear the task: it starts over and drops what it left.

A gate's refusal is not retried, as it would be the same again. Everything else is, each time later.

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

**GPU work.** `train_als` and `train_lstm` take a slot of the pool `gpu` (`airflow pools set gpu 1 training`) and go to
the queue `gpu`: where workers have queues, start one with `-q gpu`. The LSTM trains on the GPU that it finds there.

**Alerts.** After the last try, `{"text": ...}` with the job's own message is posted to the URL in
`NIGHTMARKET_ALERT_URL`.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import urllib.request
from collections import deque
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from airflow.providers.apache.spark.operators.spark_submit import SparkSubmitOperator
from airflow.sdk import DAG, Asset, BaseOperator, CronDataIntervalTimetable, Param, RetryDecision, RetryPolicy, chain
from airflow.sdk.exceptions import AirflowException, AirflowSkipException

HOME = os.environ.get("NIGHTMARKET_HOME", str(Path(__file__).resolve().parent.parent))
BIN = os.environ.get("NIGHTMARKET_BIN", f"{HOME}/.venv/bin")  # the pipeline's environment; Airflow has its own

# The night of day D starts at 02:00 UTC of D+1, when the day is over and its drop has arrived. Empty: only by hand.
SCHEDULE = os.environ.get("NIGHTMARKET_SCHEDULE", "0 2 * * *")

# What a job gets beside Airflow's own environment. PATH finds spark-submit, PYSPARK_PYTHON is for Spark's workers.
ENVIRONMENT = {"PATH": f"{BIN}:{os.environ.get('PATH', os.defpath)}", "PYSPARK_PYTHON": f"{BIN}/python"}

PARAMS = {
    "date": Param(
        None,
        type=["null", "string"],
        format="date",
        title="Night",
        description="The day whose events are taken in. Empty: the run's logical date, as in every scheduled run.",
    ),
    "source": Param(
        os.environ.get("NIGHTMARKET_SOURCE", "sample_shop"),
        type="string",
        minLength=1,
        title="Source",
        description="How the shop's files map onto our tables: a name in schemas/sources, or the path of a TOML file.",
    ),
    "raw": Param(
        os.environ.get("NIGHTMARKET_RAW", f"{HOME}/build/sample_shop"),
        type="string",
        minLength=1,
        title="Raw folder",
        description="Where the shop drops its files: a folder or a URL.",
    ),
    "lake": Param(
        os.environ.get("NIGHTMARKET_LAKE", f"{HOME}/lake"),
        type="string",
        minLength=1,
        title="Lake",
        description="Where the tables are: a folder or a URL (s3, gs, abfs, hdfs) that every worker reads.",
    ),
    "retrain": Param(
        "auto",
        type="string",
        enum=["auto", "always", "never"],
        title="Retrain",
        description="auto: when the night brought events; always; never: last night's model is carried over.",
    ),
    "k": Param(12, type="integer", minimum=1, maximum=1000, title="k", description="Length of each user's list."),
    "config": Param(
        os.environ.get("NIGHTMARKET_CONFIG", ""),
        type="string",
        title="Settings",
        description="A TOML file of settings, as `python -m jobs show_settings` prints one. Empty: the defaults.",
    ),
    "dry_run": Param(
        False, type="boolean", title="Dry run", description="Do everything but publish; the storefront stays as it is."
    ),
}

# One run of the DAG is one run of the lake, however often its tasks are tried: the time it was due, as a number, so
# that it sorts among the runs of the command line (001, 002, ...).
RUN = "{{ dag_run.run_after.strftime('%Y%m%d%H%M%S') }}"
NIGHT = "{{ night_of(params, dag_run) }}"
ARGUMENTS = [
    *("--date", NIGHT, "--lake", "{{ params.lake }}", "--source", "{{ params.source }}", "--raw", "{{ params.raw }}"),
    *("--config", "{{ params.config }}"),
    *("--run", RUN, "--set", "train.retrain={{ params.retrain }}", "--set", "recommend.k={{ params.k }}"),
]
NOT_IN_A_DRY_RUN = "{{ 'a dry run leaves the storefront as it is' if params.dry_run else '' }}"
REFUSED = re.compile(r"^(?:GateFailed|NotPublished): ", re.MULTILINE)  # a job's no to what it was given
MESSAGE = re.compile(r"^(?:GateFailed|NotPublished|MissingDay|\w+Error): .*\n?(?:^ .*\n?)*", re.MULTILINE)


def night_of(params: Any, dag_run: Any) -> str:
    """The date to compute: the form's, or else that of the run."""
    if params["date"]:
        return str(params["date"])
    if dag_run.logical_date is None:
        raise ValueError('which night? This run has no logical date; trigger it with {"date": "2026-01-06"}')
    return str(dag_run.logical_date.date())


def what_was_said(exception: object) -> str:
    """The job's own message out of a task's exception, which also has the command and other lines."""
    message = MESSAGE.search(str(exception))
    return (message.group() if message else str(exception)).strip()


def tell(context: Any) -> None:
    """After the last try: what failed, in the job's own words, and where to read on; also to the webhook, if any."""
    ti = context["ti"]
    text = (
        f"{ti.dag_id} {ti.task_id} failed in run {ti.run_id}, try {ti.try_number}: "
        f"{what_was_said(context.get('exception'))}\nThe storefront still shows the last good night. Log: {ti.log_url}"
    )
    ti.log.error(text)
    if url := os.environ.get("NIGHTMARKET_ALERT_URL"):
        body = json.dumps({"text": text}).encode()
        request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
        urllib.request.urlopen(request, timeout=10).close()


class NoRetryOfRefusals(RetryPolicy):
    """A gate that refused would refuse again: only what may pass by itself is tried again."""

    def evaluate(self, exception: BaseException, try_number: int, max_tries: int, context: Any = None) -> RetryDecision:
        refused = REFUSED.search(str(exception))
        return RetryDecision.fail(reason="the job refused what it was given") if refused else RetryDecision.default()

    def serialize(self) -> dict[str, Any]:
        return {}

    @classmethod
    def deserialize(cls, data: dict[str, Any]) -> NoRetryOfRefusals:
        return cls()


class JobOperator(BaseOperator):
    """A job that needs no Spark, as a process of the pipeline's environment; its last lines are in what it raises.

    `command` is a list, so that nothing typed into the form reaches a shell.
    """

    template_fields = ("command", "skip")

    def __init__(self, *, command: list[str], skip: str = "", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.command = command
        self.skip = skip
        self._process: subprocess.Popen[str] | None = None

    def execute(self, context: Any) -> None:
        if self.skip:
            raise AirflowSkipException(self.skip)
        self._process = subprocess.Popen(
            self.command,
            cwd=HOME,
            env={**os.environ, **ENVIRONMENT},
            text=True,
            errors="backslashreplace",
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        last: deque[str] = deque(maxlen=20)
        for line in self._process.stdout or ():
            self.log.info("%s", line.rstrip())
            last.append(line)
        if status := self._process.wait():
            raise AirflowException(f"{' '.join(self.command)} ended with status {status}\n{''.join(last)}")

    def on_kill(self) -> None:
        if self._process and self._process.poll() is None:
            self._process.terminate()


def spark(job: str, task: str = "", *more: str) -> SparkSubmitOperator:
    """A job on the cluster of the connection `spark_default`."""
    return SparkSubmitOperator(
        task_id=task or job,
        name=f"nightmarket {task or job} {NIGHT}",
        application=f"{HOME}/jobs/__main__.py",
        application_args=[job, *more, *ARGUMENTS],
        driver_memory=os.environ.get("NIGHTMARKET_SPARK_MEMORY", "4g"),
        conf={"spark.driver.extraJavaOptions": os.environ.get("NIGHTMARKET_JAVA_OPTIONS", "")},
        env_vars=ENVIRONMENT,
    )


def plain(job: str, **kwargs: Any) -> JobOperator:
    return JobOperator(task_id=job, command=[f"{BIN}/python", "-m", "jobs", job, *ARGUMENTS], **kwargs)


def gate(stage: str) -> SparkSubmitOperator:
    return spark("check_tables", f"check_{stage}", "--stage", stage)


with DAG(
    "nightly",
    description="Raw logs in, recommendations out: one night of the shop.",
    doc_md=__doc__,
    schedule=CronDataIntervalTimetable(SCHEDULE, timezone="UTC") if SCHEDULE else None,
    start_date=datetime(2010, 1, 1, tzinfo=UTC),  # before any log that may be backfilled
    catchup=False,
    max_active_runs=1,  # a night builds on the one before
    params=PARAMS,
    user_defined_macros={"night_of": night_of},
    tags=["nightmarket"],
    default_args={
        "owner": "nightmarket",
        "retries": 3,
        "retry_delay": timedelta(minutes=2),
        "retry_exponential_backoff": 2,
        "max_retry_delay": timedelta(hours=1),
        "retry_policy": NoRetryOfRefusals(),
        "on_failure_callback": tell,
    },
) as dag:
    chain(
        plain("receive_drop"),
        spark("clean_events"),
        spark("update_catalogue"),
        gate("clean"),
        spark("update_interest"),
        spark("build_features"),
        gate("features"),
        spark("rank_popular_items"),
        spark("find_bought_together"),
        plain("train_als", pool="gpu", queue="gpu"),
        plain("train_lstm", pool="gpu", queue="gpu"),
        plain("train_ranker"),
        spark("recommend_items"),
        plain("find_audiences"),
        plain("judge_lists"),
        gate("lists"),
        # Another DAG starts on it with DAG(schedule=[Asset("nightmarket_published")]).
        plain("publish_night", skip=NOT_IN_A_DRY_RUN, outlets=[Asset("nightmarket_published")]),
        plain("prune_lake", skip=NOT_IN_A_DRY_RUN),
    )
