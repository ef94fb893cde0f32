"""Reads the shop's policies of tonight -> policies, rejected_policies; removes policies that left the drop.

Without a file of policies in the drop, last night's policies stay. Markup is removed. A policy that is not valid
tonight stays in the table, but no answer uses it. Two policies of one language contradict each other if they say the
same about the same places and kinds with different figures, or if one refuses what the other allows. Each then names
the other, and questions about them go to a person. A policy that has ended contradicts nothing any more.
"""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter

from jobs.common.source_hashes import digest
from jobs.runtime.night import Night
from jobs.runtime.shop_days import ShopDays
from jobs.service.config import ServiceConfig
from jobs.service.living_policies import day_of_answers
from jobs.service.plain_text import plain_text
from jobs.service.policy_rules import with_contradictions
from jobs.service.service_files import Row, received, rejection, write_rows
from models.compliance.checks import hostile
from schemas.service.wording import service_languages
from schemas.tables import POLICIES, REJECTED_POLICIES


def main(night: Night) -> None:
    config: ServiceConfig = night.settings.section("service")
    drop = received(night, "policies")
    if drop is None:
        rows = night.versions(POLICIES).previous().arrow().to_pylist() if night.source.policies else []
        write_rows(night, POLICIES, with_contradictions(rows, day_of_answers(night)))
        write_rows(night, REJECTED_POLICIES, [])
        night.report(received=0, rejected={}, kept_from_last_night=len(rows))
        return
    judged = [_policy(row, config, night.days) for row in drop.rows]
    kept = with_contradictions([row for row in judged if "reason" not in row], day_of_answers(night))
    rejected = [*drop.rejected, *(row for row in judged if "reason" in row)]
    write_rows(night, POLICIES, kept)
    write_rows(night, REJECTED_POLICIES, rejected)
    counts = Counter(row["reason"] for row in rejected)
    night.report(received=len(kept) + len(rejected), kept=len(kept), rejected=dict(counts))


def _policy(row: Row, config: ServiceConfig, days: ShopDays) -> Row:
    """A row of POLICIES without `contradicts`, or its rejection."""
    name, file = row["policy_id"], row["source_file"]
    if len(row["text"]) > config.max_policy_characters:
        return rejection("policies", name, file, "too_long", f"{len(row['text']):,} characters")
    language = row["language"].lower().replace("_", "-").partition("-")[0]
    if language not in service_languages():
        languages = ", ".join(service_languages())
        return rejection("policies", name, file, "unknown_language", f"{row['language'][:20]!r}; there are {languages}")
    text, title = plain_text(row["text"]), plain_text(row["title"] or "")
    if not re.search(r"\w", text):
        return rejection("policies", name, file, "no_text", "nothing is left without markup")
    if instructions := [refusal for refusal in hostile(text) if "instruction" in refusal.reason]:
        return rejection("policies", name, file, "instruction", instructions[0].detail[:80])
    try:
        first, last = _day(row["valid_from"], days), _day(row["valid_to"], days)
    except ValueError as error:
        return rejection("policies", name, file, "bad_date", str(error)[:80])
    if first and last and last < first:
        return rejection("policies", name, file, "bad_date", f"valid to {last}, before {first}")
    return {
        "policy_id": name, "language": language, "title": title or None, "text": text, "valid_from": first,
        "valid_to": last, "source_hash": digest(language, title, text, str(first), str(last)),
    }  # fmt: skip


def _day(text: str | None, days: ShopDays) -> dt.date | None:
    """The day of an ISO 8601 text. A time with a zone is a moment: its day is that of the shop."""
    if not text:
        return None
    try:
        time = dt.datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text[:30]!r} is no date; write it as 2026-01-31") from None
    try:
        return days.of(time) if time.tzinfo else time.date()
    except OverflowError:  # the first or the last day that there is: it means "always"
        return time.date()
