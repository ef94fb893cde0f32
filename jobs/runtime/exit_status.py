"""The exit statuses of `python -m jobs`, as in sysexits.h. dags/failures.py and dags/launch.py read them."""

from __future__ import annotations

FAILED = 1  # any other failure; another try may help, for example where a GPU had no free memory
REFUSED = 65  # the input cannot be used: the same arguments would fail again
MAY_COME = 75  # a file is missing or not whole yet, or the lake is held: the same command may succeed later


def status_of(problem: Exception) -> int:
    """The exit status for an error. An error with `causes` has the smallest status of these: FAILED before REFUSED."""
    if causes := getattr(problem, "causes", None):
        return min(status_of(cause) for cause in causes)
    if getattr(problem, "may_come", False):
        return MAY_COME
    refused = isinstance(problem, (FileNotFoundError, ValueError)) or getattr(problem, "refused", False)
    return REFUSED if refused else FAILED
