"""What a failed task says and does: its job's own message, an alert, what readers see now, and whether it is retried.

A job's exit status says whether a retry can help; `jobs/__main__.py` sets it.
"""

from __future__ import annotations

import json
import logging
import os
import re
import urllib.request
from pathlib import Path
from typing import Any

from airflow.sdk import RetryDecision, RetryPolicy

# Exit statuses of a job. 2: its arguments are wrong. 65: it refuses what it was given. 75: a file may still come.
REFUSED = re.compile(r"(?:ended with status|Error code is:) (?:2|65)\b")
MAY_COME = 75
# The line `jobs/__main__.py` prints: the error's class, its text, and indented lines that belong to it. Spark's own
# messages begin with WARN, WARNING or Warning.
MESSAGE = re.compile(r"^(?:(?!Warning\b)[A-Z]\w*[a-z]\w*|python -m jobs \w+: error): .*\n?(?:^ .*\n?)*", re.MULTILINE)
WHY = "why"  # the XCom of a failed task: its job's own message; plugins/night_note.py reads it

log = logging.getLogger(__name__)


def job_message(exception: object) -> str:
    """The job's own message, taken from a task's exception, which also has the command and other lines."""
    if exception is None:
        return "its process ended without a message: it was killed, or its machine was lost"
    message = MESSAGE.search(str(exception))
    return (message.group() if message else str(exception)).strip()


def alert_failure(context: Any) -> None:
    """After the last try, alert with the job's own message, what readers see now, and the address of the log.

    The message is also kept for the run's note. A killed task has no message, and no process that could keep one.
    """
    exception = context.get("exception")
    message = job_message(exception)
    alert(context, f"failed, try {context['ti'].try_number}: {message}\n{what_readers_see(context)}")
    if exception is not None:
        context["ti"].xcom_push(WHY, message)


def alert(context: Any, what: str) -> None:
    """Post `what` about a task to the webhook, if there is one, and write it to the task's log."""
    ti = context["ti"]
    text = f"{ti.dag_id} {ti.task_id} of run {ti.run_id} {what} Log: {ti.log_url}"
    try:
        if url := os.environ.get("NIGHTMARKET_ALERT_URL"):
            body = json.dumps({"text": text}).encode()
            request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
            urllib.request.urlopen(request, timeout=10).close()
    except (OSError, ValueError) as problem:
        log.error("the alert could not be posted to NIGHTMARKET_ALERT_URL: %s", problem)
    log.error("%s", text)


# What readers see after single tasks failed, or after the box failed that is never published.
WITHOUT = {
    "train_lstm": "Lists are made with the newest earlier LSTM.",
    "train_copywriter": "Texts are written with the newest earlier copywriter.",
    "prune_lake": "Tonight is published; old versions were not deleted.",
    "show_night": "Readers miss nothing: the pages of the night for people were not drawn.",
    "release_lake": "Tonight is over; its hold on the lake ends by itself.",
    "prices_and_judge": "Readers miss nothing: prices and judgements are for people, and the rest of tonight goes on.",
}
# When one of these branches fails, the rest is published.
CARRIED = ("customers", "offers", "audiences", "copy", "images", "service")
AND = "_and_"  # between the branches of a box


def what_readers_see(context: Any) -> str:
    """What readers see after this task failed. It depends on the branches that the task ran and on the pointer."""
    box = getattr(getattr(context.get("task"), "task_group", None), "group_id", None) or ""
    if sentence := WITHOUT.get(context["ti"].task_id) or WITHOUT.get(box):
        return sentence
    if not set(box.split(AND)) <= set(CARRIED):
        return "The storefront still shows the last good night."
    products = pointer(context).get("products", {})
    failed = {name: products.get(name, {}) for name in failed_branches(box, context.get("exception"))}
    parts = [
        f"{name} of {entry['from'][:10]} go on until {entry['valid_until'][:10]} at the latest, as far as they are "
        "still true"
        for name, entry in failed.items()
        if "valid_until" in entry
    ]
    absent = [name for name, entry in failed.items() if "valid_until" not in entry]
    others = "the rest of tonight goes on and is published" + (f" without {' and '.join(absent)}." if absent else ".")
    return "; ".join([*parts, others]) if parts else f"T{others[1:]}"


def failed_branches(box: str, exception: object) -> list[str]:
    """The branches of a box whose gate the job's message names, as failed or not run; all if it names none."""
    branches = box.split(AND)
    head = job_message(exception).partition("\n")[0]
    return [name for name in branches if re.search(rf"\bcheck_{name}\b", head)] or branches


def pointer(context: Any) -> dict[str, Any]:
    """What the storefront reads now; empty if this worker cannot read the lake as a folder."""
    try:
        return json.loads((Path(context["params"]["lake"]) / "published" / "current.json").read_text("utf-8"))
    except (OSError, KeyError, ValueError):
        return {}


class NoRetryOfRefusals(RetryPolicy):
    """Retries a failed task unless its job refused its input, which a retry would not change."""

    def evaluate(self, exception: BaseException, try_number: int, max_tries: int, context: Any = None) -> RetryDecision:
        # Airflow itself raises ValueError if the date is missing or a template cannot be filled in.
        if isinstance(exception, ValueError) or REFUSED.search(str(exception)):
            return RetryDecision.fail(reason="the job refused what it was given; a retry would end the same way")
        return RetryDecision.default()

    def serialize(self) -> dict[str, Any]:
        return {}

    @classmethod
    def deserialize(cls, data: dict[str, Any]) -> NoRetryOfRefusals:
        return cls()
