"""Gathers every wording of a question with the current row that answers it -> knowledge.

Wordings come from policies that are valid when the answers are read, from topics of items and accounts in every
language of `schemas/service`, and from questions that agents answered with a policy. A wording whose policy is deleted
or no longer valid gets no row. A reply that quotes a policy without naming it counts only if its text is current.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter

from jobs.common.source_hashes import digest
from jobs.runtime.night import Night
from jobs.service.config import ServiceConfig
from jobs.service.living_policies import living_policies, valid_until_of
from jobs.service.service_files import Row, write_rows
from jobs.service.wordings import Wording, topic_of, wordings_of_policy, wordings_of_replies, wordings_of_topics
from schemas.service.wording import service_languages, service_wording
from schemas.tables import KNOWLEDGE, POLICIES, REPLIES

_ACCOUNT_TABLES = {
    "last_order": "clean_events",
    "coupon": "offers",
    "size_before": "clean_events",
    "for_you": "recommendations",
}


def main(night: Night) -> None:
    if night.source.policies is None and night.source.questions is None:
        write_rows(night, KNOWLEDGE, [])
        return
    policies = living_policies(night)
    rows = [*_of_topics(night), *_of_policies(night, policies)]
    distinct = {row["knowledge_id"]: row for row in rows}
    write_rows(night, KNOWLEDGE, list(distinct.values()))
    night.report(policies=len(policies), wordings=dict(Counter(row["source_kind"] for row in distinct.values())))


def _of_topics(night: Night) -> list[Row]:
    rows = []
    until = night.valid_until("service")
    for language in service_languages():
        wording = service_wording(language)
        for ask in wordings_of_topics(wording):
            topic = wording.topics[ask.topic]
            kind = "item" if ask.topic in wording.items else "account"
            source = topic.column or "attributes" if kind == "item" else _ACCOUNT_TABLES[ask.topic]
            rows.append(_row(ask, topic.answer, kind, "items" if kind == "item" else source, source,
                             digest(topic.answer, topic.answer_not), until))  # fmt: skip
    return rows


def _of_policies(night: Night, policies: dict[str, Row]) -> list[Row]:
    config: ServiceConfig = night.settings.section("service")
    wordings = [w for row in policies.values() for w in wordings_of_policy(row, service_wording(row["language"]))]
    replies = [
        *night.versions(REPLIES).window(config.reply_nights).arrow().to_pylist(),
        *night.versions(REPLIES).tonight().arrow().to_pylist(),
    ]
    until = night.valid_until("service")
    by_topic = {topic_of(name): row for name, row in policies.items()}
    rows: dict[tuple[str, str, str], Row] = {}
    for ask in [*wordings, *wordings_of_replies(replies, policies)]:
        policy = by_topic[ask.topic]
        rows[ask.topic, ask.language, ask.pattern] = _row(
            ask, policy["text"], "policy", POLICIES.name, policy["policy_id"], policy["source_hash"],
            valid_until_of(night, policy, until),
        )  # fmt: skip
    return list(rows.values())


def _row(ask: Wording, answer: str, kind: str, table: str, source: str, source_hash: str, until: dt.datetime) -> Row:
    return {
        "knowledge_id": digest(ask.topic, ask.language, ask.pattern), "pattern": ask.pattern, "answer": answer,
        "language": ask.language, "topic": ask.topic, "source_kind": kind, "source_table": table, "source_id": source,
        "source_hash": source_hash, "valid_until": until, "support": ask.support,
    }  # fmt: skip
