"""How Airflow launches a job: on the cluster by spark-submit, or as a plain process; and what a failure says and does.

Jobs are run, never imported: Airflow lives in an environment of its own.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import urllib.request
from collections import deque
from datetime import timedelta
from pathlib import Path
from typing import Any

from airflow.providers.apache.spark.operators.spark_submit import SparkSubmitOperator
from airflow.sdk import BaseOperator, Param, RetryDecision, RetryPolicy
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException

HOME = os.environ.get("NIGHTMARKET_HOME", str(Path(__file__).resolve().parent.parent))
BIN = os.environ.get("NIGHTMARKET_BIN", f"{HOME}/.venv/bin")  # the pipeline's environment; Airflow has its own

# What a job gets beside Airflow's own environment. PATH finds spark-submit, PYSPARK_PYTHON is for Spark's workers.
ENVIRONMENT = {"PATH": f"{BIN}:{os.environ.get('PATH', os.defpath)}", "PYSPARK_PYTHON": f"{BIN}/python"}

REFUSED = re.compile(r"^(?:GateFailed|NotPublished): ", re.MULTILINE)  # a job's no to what it was given
MESSAGE = re.compile(r"^(?:GateFailed|NotPublished|MissingDay|\w+Error): .*\n?(?:^ .*\n?)*", re.MULTILINE)


def what_was_said(exception: object) -> str:
    """The job's own message out of a task's exception, which also has the command and other lines."""
    message = MESSAGE.search(str(exception))
    return (message.group() if message else str(exception)).strip()


def tell(context: Any) -> None:
    """After the last try: what failed, in the job's own words, and where to read on; also to the webhook, if any."""
    ti = context["ti"]
    text = (
        f"{ti.dag_id} {ti.task_id} failed in run {ti.run_id}, try {ti.try_number}: "
        f"{what_was_said(context.get('exception'))}\n{still_shown(context)} Log: {ti.log_url}"
    )
    ti.log.error(text)
    if url := os.environ.get("NIGHTMARKET_ALERT_URL"):
        body = json.dumps({"text": text}).encode()
        request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
        urllib.request.urlopen(request, timeout=10).close()


# What a failure leaves readers with: of single tasks, and of the branches that are never shown.
LEFT = {
    "train_lstm": "Lists are made with the newest earlier LSTM.",
    "train_copywriter": "Texts are written with the newest earlier copywriter.",
    "prune_lake": "Tonight is published; old versions were not deleted.",
    "prices": "Readers miss nothing: prices are for people, and the rest of tonight goes on.",
    "judge": "Readers miss nothing: judgements are for people, and the rest of tonight goes on.",
}
CARRIED = ("customers", "offers", "audiences", "copy")  # branches without which the rest is published


def still_shown(context: Any) -> str:
    """What readers see although this task failed, by its branch and by what the pointer says now."""
    group = getattr(getattr(context.get("task"), "task_group", None), "group_id", None)
    if left := LEFT.get(context["ti"].task_id) or LEFT.get(group or ""):
        return left
    if group not in CARRIED:
        return "The storefront still shows the last good night."
    entry = pointer(context).get("products", {}).get(group, {})
    if "valid_until" not in entry:
        return f"The rest of tonight goes on and is published without {group}."
    return (
        f"{group} of {entry['from'][:10]} go on until {entry['valid_until'][:10]} at the latest, as far as they are "
        "still true; the rest of tonight goes on and is published."
    )


def pointer(context: Any) -> dict[str, Any]:
    """What the storefront reads now; empty where the lake is not a folder that this worker sees."""
    try:
        return json.loads((Path(context["params"]["lake"]) / "published" / "current.json").read_text("utf-8"))
    except (OSError, KeyError, ValueError):
        return {}


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


class Whole(BaseOperator):
    """Fails a run of which a task failed. Airflow judges a run by its last tasks, and these publish what is good."""

    def execute(self, context: Any) -> None:
        raise AirflowFailException(
            "this night is not whole: the log of each red task says why, that of publish_night what readers see"
        )


def spark(job: str, arguments: list[str], task: str = "") -> SparkSubmitOperator:
    """A job on the cluster of the connection `spark_default`."""
    return SparkSubmitOperator(
        task_id=task or job,
        name=f"nightmarket {task or job} {NIGHT}",
        application=f"{HOME}/jobs/__main__.py",
        application_args=[job, *arguments],
        driver_memory=os.environ.get("NIGHTMARKET_SPARK_MEMORY", "4g"),
        conf={"spark.driver.extraJavaOptions": os.environ.get("NIGHTMARKET_JAVA_OPTIONS", "")},
        env_vars=ENVIRONMENT,
    )


def plain(job: str, arguments: list[str], **kwargs: Any) -> JobOperator:
    return JobOperator(task_id=job, command=[f"{BIN}/python", "-m", "jobs", job, *arguments], **kwargs)


# One run of a DAG is one run of the lake, however often its tasks are tried: the time it was due, as a number, so
# that it sorts among the runs of the command line (001, 002, ...).
RUN = "{{ dag_run.run_after.strftime('%Y%m%d%H%M%S') }}"
NIGHT = "{{ night_of(params, dag_run) }}"  # each DAG says which day a run is of

SHOP = {  # what the forms of all DAGs ask
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
    "config": Param(
        os.environ.get("NIGHTMARKET_CONFIG", ""),
        type="string",
        title="Settings",
        description="A TOML file of settings, as `python -m jobs show_settings` prints one. Empty: the defaults.",
    ),
}

DEFAULTS = {
    "owner": "nightmarket",
    "retries": 3,
    "retry_delay": timedelta(minutes=2),
    "retry_exponential_backoff": 2,
    "max_retry_delay": timedelta(hours=1),
    "retry_policy": NoRetryOfRefusals(),
    "on_failure_callback": tell,
}
