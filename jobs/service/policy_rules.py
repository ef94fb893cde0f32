"""When a policy holds, and which policies contradict each other."""

from __future__ import annotations

import datetime as dt

from jobs.service.service_files import Row
from jobs.service.stated_rules import Rule, RuleReader, contradictory
from schemas.service.wording import service_wording


def is_valid(policy: Row, day: dt.date) -> bool:
    """Whether the policy holds on the day; one without dates always does."""
    return (policy["valid_from"] is None or policy["valid_from"] <= day) and (
        policy["valid_to"] is None or policy["valid_to"] >= day
    )


def with_contradictions(rows: list[Row]) -> list[Row]:
    """Rows with `contradicts`: the first other policy of the language, valid at the same time, that cannot hold beside
    it (`jobs.service.stated_rules`)."""
    others: dict[int, set[int]] = {}
    for language in {row["language"] for row in rows}:
        reader = RuleReader(language, service_wording(language).policies)
        by_rule: dict[Rule, set[int]] = {}
        for place, row in enumerate(rows):
            if row["language"] == language:
                for rule in reader.rules(row["text"], row["title"] or ""):
                    by_rule.setdefault(rule, set()).add(place)
        for one, other in contradictory(by_rule):
            for place in by_rule[one]:
                others.setdefault(place, set()).update(by_rule[other] - {place})
    made = []
    for place, row in enumerate(rows):
        known = (rows[at] for at in sorted(others.get(place, ())))
        made.append({**row, "contradicts": next((o["policy_id"] for o in known if _overlap(row, o)), None)})
    return made


def _overlap(one: Row, other: Row) -> bool:
    first, last = dt.date.min, dt.date.max
    return (one["valid_from"] or first) <= (other["valid_to"] or last) and (other["valid_from"] or first) <= (
        one["valid_to"] or last
    )
