"""When a policy holds, and which policies contradict each other."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter

from jobs.service.service_files import Row

_FIGURE = re.compile(r"\d+(?:[.,]\d+)?|[一二三四五六七八九十百千两]+(?=[天日元个小周月年折])")
_ALIKE = 0.6  # share of common letter pairs, figures left out, from which two policies speak of the same


def is_valid(policy: Row, day: dt.date) -> bool:
    """Whether the policy holds on the day; one without dates always does."""
    return (policy["valid_from"] is None or policy["valid_from"] <= day) and (
        policy["valid_to"] is None or policy["valid_to"] >= day
    )


def with_contradictions(rows: list[Row]) -> list[Row]:
    """Rows with `contradicts`: the first other policy of the language, valid at the same time, that is worded alike and
    has other figures."""
    shapes = [(_FIGURE.sub("", row["text"]), tuple(_FIGURE.findall(row["text"]))) for row in rows]
    pairs = [_pairs(shape) for shape, _ in shapes]
    by_pair: dict[tuple[str, str], list[int]] = {}
    for place, row in enumerate(rows):
        for pair in pairs[place]:
            by_pair.setdefault((row["language"], pair), []).append(place)
    made = []
    for place, row in enumerate(rows):
        common: Counter[int] = Counter()
        for pair in pairs[place]:
            common.update(by_pair[row["language"], pair])
        other = next((
            rows[o]["policy_id"] for o, shared in sorted(common.items())
            if o != place and shared >= _ALIKE * len(pairs[place] | pairs[o]) and shapes[o][1] != shapes[place][1]
            and _overlap(row, rows[o])
        ), None)  # fmt: skip
        made.append({**row, "contradicts": other})
    return made


def _pairs(text: str) -> set[str]:
    folded = re.sub(r"\W+", " ", text.lower())
    return {folded[n : n + 2] for n in range(len(folded) - 1)}


def _overlap(one: Row, other: Row) -> bool:
    first, last = dt.date.min, dt.date.max
    return (one["valid_from"] or first) <= (other["valid_to"] or last) and (other["valid_from"] or first) <= (
        one["valid_to"] or last
    )
