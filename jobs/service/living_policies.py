"""The policies that are valid while tonight's answers are read, and how long an answer from one may be used."""

from __future__ import annotations

import datetime as dt

from jobs.runtime.night import Night
from jobs.service.policy_rules import is_valid
from jobs.service.service_files import Row
from schemas.tables import POLICIES


def day_of_answers(night: Night) -> dt.date:
    """The day on which tonight's answers are read: tomorrow."""
    return night.date + dt.timedelta(days=1)


def living_policies(night: Night) -> dict[str, Row]:
    """Id -> policy, for the policies that are valid on the day on which tonight's answers are read."""
    rows = night.versions(POLICIES).tonight().arrow().to_pylist()
    return {row["policy_id"]: row for row in rows if is_valid(row, day_of_answers(night))}


def valid_until_of(night: Night, policy: Row, until: dt.datetime) -> dt.datetime:
    """Until when an answer from the policy may be used: `until`, or the end of the policy's last day if earlier."""
    last = policy["valid_to"]
    if last is None or last > until.date() + dt.timedelta(days=1):  # shops write 9999-12-31, which has no next day
        return until
    return min(until, night.days.end(last))
