"""When a policy is valid, and which policies contradict each other."""

from __future__ import annotations

import datetime as dt

from jobs.service.service_files import Row
from jobs.service.stated_rules import Rule, RuleReader, contradictory
from schemas.service.wording import service_wording


def is_valid(policy: Row, day: dt.date) -> bool:
    """Whether the policy is valid on the day; a policy without dates always is."""
    return (policy["valid_from"] is None or policy["valid_from"] <= day) and (
        policy["valid_to"] is None or policy["valid_to"] >= day
    )


def with_contradictions(rows: list[Row], day: dt.date) -> list[Row]:
    """Rows with `contradicts`: the first other policy in the same language that contradicts it (see
    `jobs.service.stated_rules`), where both are valid on `day` or both on a later day."""
    others: dict[int, set[int]] = {}
    for language in {row["language"] for row in rows}:
        reader = RuleReader(language, service_wording(language).policies)
        by_rule: dict[Rule, set[int]] = {}
        for index, row in enumerate(rows):
            if row["language"] == language:
                for rule in reader.rules(row["text"], row["title"] or ""):
                    by_rule.setdefault(rule, set()).add(index)
        for this, other in contradictory(by_rule):
            for index in by_rule[this]:
                others.setdefault(index, set()).update(by_rule[other] - {index})
    result = []
    for index, row in enumerate(rows):
        other_rows = (rows[i] for i in sorted(others.get(index, ())))
        result.append({**row, "contradicts": next((o["policy_id"] for o in other_rows if _overlap(row, o, day)), None)})
    return result


def _overlap(policy: Row, other: Row, day: dt.date) -> bool:
    """Whether both policies are valid on one day, `day` or a later one."""
    both = (policy, other)
    return max(day, *(row["valid_from"] or day for row in both)) <= min(row["valid_to"] or dt.date.max for row in both)
