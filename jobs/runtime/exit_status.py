"""What a job's exit status tells whoever runs it, as in sysexits.h. dags/launch.py reads it."""

from __future__ import annotations

FAILED = 1  # anything that is not one of the others; it may pass by itself, such as a GPU without free memory
REFUSED = 65  # what was given cannot be used: the same arguments would end the same way
MAY_COME = 75  # a file is missing or not whole yet: it is worth another look later


def status_of(problem: Exception) -> int:
    """The exit status for an error that a job explained; for an error with `causes`, the smallest of theirs."""
    if causes := getattr(problem, "causes", None):
        return min(status_of(cause) for cause in causes)
    if getattr(problem, "may_come", False):
        return MAY_COME
    refused = isinstance(problem, (FileNotFoundError, ValueError)) or getattr(problem, "refused", False)
    return REFUSED if refused else FAILED
