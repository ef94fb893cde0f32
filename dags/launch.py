"""How Airflow launches a job: on the cluster by spark-submit, or as a plain process.

Airflow runs the jobs and never imports them: it has an environment of its own.
"""

from __future__ import annotations

import logging
import os
import re
import subprocess
from collections import deque
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from airflow.providers.apache.spark.hooks.spark_submit import SparkSubmitHook
from airflow.providers.apache.spark.operators.spark_submit import SparkSubmitOperator
from airflow.sdk import Asset, BaseOperator, BaseSensorOperator
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSensorTimeout, AirflowSkipException
from failures import MAY_COME, NoRetryOfRefusals, alert, alert_failure, job_message

HOME = os.environ.get("NIGHTMARKET_HOME", str(Path(__file__).resolve().parent.parent))
BIN = os.environ.get("NIGHTMARKET_BIN", f"{HOME}/.venv/bin")  # the pipeline's environment; Airflow has its own

# The timezone of the schedules and of the runs' days. If the shop's mapping says `day = "local"`, set its timezone.
ZONE = os.environ.get("NIGHTMARKET_TIMEZONE") or "UTC"

# Added to the environment of each job: PATH finds spark-submit, Spark's workers run PYSPARK_PYTHON.
ENVIRONMENT = {"PATH": f"{BIN}:{os.environ.get('PATH', os.defpath)}", "PYSPARK_PYTHON": f"{BIN}/python"}

# Spark logs warnings only, from the JVM's first line on, so that the job's own lines stand out in a task's log.
QUIET = f"-Dlog4j2.configurationFile={Path(f'{HOME}/jobs/runtime/log4j2.properties').absolute().as_uri()}"

CLASS_SPACE = "-XX:MetaspaceSize=256m"  # see jobs/runtime/spark.py
CLASSES = "lib/python*/site-packages/pyspark/classes.jsa"

JOB_LINE = re.compile(r"\d\d:\d\d:\d\d \w nightmarket\.\w+: (.+)")  # a line of a job's log, see jobs/runtime/log.py
# Lines of the JVM and its native libraries on stderr that no option turns off; jobs/runtime/spark.py drops them too.
JVM_LINES = ("WARNING: ", "netlib-")

# How long a scheduled run waits for its drop, and how often it looks.
WAIT = timedelta(hours=float(os.environ.get("NIGHTMARKET_WAIT_HOURS") or 6))
LOOK = timedelta(minutes=float(os.environ.get("NIGHTMARKET_LOOK_MINUTES") or 10))

log = logging.getLogger(__name__)


class Job:
    """Runs a job as a process in the pipeline's environment; two operators share it.

    `command` is a list, so that no text that a person typed into the form reaches a shell.
    """

    command: list[str]
    _process: subprocess.Popen[str] | None = None

    def run_job(self) -> str | None:
        """Run `command` and write its lines to the task's log. Returns the job's last own message, if it logged any.

        Raises JobFailed with its exit status and last lines.
        """
        self._process = subprocess.Popen(
            self.command,
            cwd=HOME,
            env={**os.environ, **ENVIRONMENT},
            text=True,
            errors="backslashreplace",
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        last_lines: deque[str] = deque(maxlen=20)
        last_message = None
        for line in self._process.stdout or ():
            log.info("%s", line.rstrip())
            last_lines.append(line)
            if match := JOB_LINE.match(line):
                last_message = match[1]
        if status := self._process.wait():
            raise JobFailed(f"{' '.join(self.command)} ended with status {status}\n{''.join(last_lines)}", status)
        return last_message

    def on_kill(self) -> None:
        if self._process and self._process.poll() is None:
            self._process.terminate()


class JobFailed(AirflowException):
    """A job ended with an exit status other than 0."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class JobOperator(Job, BaseOperator):
    """A job that needs no Spark. Its XCom is the last message that the job logged; the run's note uses it.

    `skip`: why the job is skipped; empty: it runs. `publishes`: an asset that the job updates; its event has the date
    and the run.
    """

    template_fields = ("command", "skip", "extra")

    def __init__(self, *, command: list[str], skip: str = "", publishes: Asset | None = None, **kwargs: Any) -> None:
        super().__init__(outlets=[publishes] if publishes else [], **kwargs)
        self.command = command
        self.skip = skip
        self.extra = {"date": NIGHT, "run": RUN}

    def execute(self, context: Any) -> str | None:
        if self.skip:
            raise AirflowSkipException(self.skip)
        last_message = self.run_job()
        for asset in self.outlets:
            context["outlet_events"][asset].extra.update(self.extra)
        return last_message


class DropSensor(Job, BaseSensorOperator):
    """Receives the night's drop. A scheduled run waits for a missing file and uses no worker while it waits.

    It waits in the same way while another night holds the lake. If the first look finds no file, it sends an alert. A
    run by hand or of a backfill fails at once: the file of its day should have come already.
    """

    template_fields = ("command",)

    def __init__(self, *, command: list[str], **kwargs: Any) -> None:
        super().__init__(mode="reschedule", timeout=WAIT, poke_interval=LOOK, **kwargs)
        self.command = command
        self._missing = ""

    def poke(self, context: Any) -> bool:
        try:
            self.run_job()
        except JobFailed as failure:
            if failure.status != MAY_COME:
                raise
            if context["dag_run"].run_type != "scheduled":
                raise AirflowFailException(str(failure)) from None
            self._missing = job_message(failure)
            if not context["task_reschedule_count"]:
                alert(context, f"waits up to {WAIT.total_seconds() / 3600:g} h: {self._missing}\n")
            return False
        return True

    def execute(self, context: Any) -> None:
        try:
            super().execute(context)
        except AirflowSensorTimeout as timeout:
            hours = WAIT.total_seconds() / 3600
            raise AirflowSensorTimeout(f"{self._missing}\n  waited {hours:g} h (NIGHTMARKET_WAIT_HOURS)") from timeout


class SparkJobOperator(SparkSubmitOperator):
    """Jobs under spark-submit; the JVM's own lines are left out of the task's log."""

    def _get_hook(self) -> SparkSubmitHook:
        hook = super()._get_hook()
        log_lines = hook._process_spark_submit_log
        hook._process_spark_submit_log = lambda lines: log_lines(
            line for line in lines if not line.startswith(JVM_LINES)
        )
        return hook


class Whole(BaseOperator):
    """Fails the run if any of its tasks failed.

    Airflow takes a run's state from its last tasks, and these succeed if the other branches are published.
    """

    def execute(self, context: Any) -> None:
        raise AirflowFailException(
            "this night is not whole: the log of each red task says why; the log of publish_night says what readers see"
        )


def spark(job: str, arguments: list[str], task: str = "") -> SparkJobOperator:
    """A job on the cluster of the connection `spark_default`."""
    return SparkJobOperator(
        task_id=task or job,
        name=f"nightmarket {task or job} {NIGHT}",
        application=f"{HOME}/jobs/__main__.py",
        application_args=[job, *arguments],
        driver_memory=os.environ.get("NIGHTMARKET_SPARK_MEMORY", "4g"),
        conf={"spark.driver.extraJavaOptions": java_options()},
        env_vars=ENVIRONMENT,
    )


def java_options() -> str:
    """Options of a driver's JVM: warnings only, the class archive from .ci/setup, and NIGHTMARKET_JAVA_OPTIONS."""
    archives = [f"-XX:SharedArchiveFile={path} -Xlog:cds*=off" for path in Path(BIN).parent.glob(CLASSES)]
    return " ".join(filter(None, (QUIET, CLASS_SPACE, *archives, os.environ.get("NIGHTMARKET_JAVA_OPTIONS"))))


def day_at(instant: datetime) -> str:
    """The date of an instant (with a timezone) on the clocks of ZONE."""
    return str(instant.astimezone(ZoneInfo(ZONE)).date())


def plain(job: str, arguments: list[str], **kwargs: Any) -> JobOperator:
    return JobOperator(task_id=job, command=command_of(job, arguments), **kwargs)


def wait_for_drop(job: str, arguments: list[str]) -> DropSensor:
    return DropSensor(task_id=job, command=command_of(job, arguments))


def command_of(job: str, arguments: list[str]) -> list[str]:
    return [f"{BIN}/python", "-m", "jobs", job, *arguments]


# One run of a DAG is one run of the lake, however often its tasks are tried. The lake's run is named by the time at
# which the DAG's run was due, as a number, so that it sorts among the runs of the command line (001, 002, ...).
RUN = "{{ dag_run.run_after.strftime('%Y%m%d%H%M%S') }}"
NIGHT = "{{ night_of(params, dag_run) }}"  # each DAG defines which day a run is for


DEFAULTS = {
    "owner": "nightmarket",
    "retries": 3,
    "retry_delay": timedelta(minutes=2),
    "retry_exponential_backoff": 2,
    "max_retry_delay": timedelta(hours=1),
    "retry_policy": NoRetryOfRefusals(),
    "on_failure_callback": alert_failure,
}
