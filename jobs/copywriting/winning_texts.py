"""Texts that won, as pairs for the next copywriter: those that clicks have chosen, and those that a person approved.

A text teaches what its item's words and its control words lead to, and nothing else: one that names the item, an event,
or a user's own terms is left out, since its clauses come back in texts about other items. So is one that retired with
its wording, that a person blocked, or that what is known of the item today does not support.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import NamedTuple

from jobs.copywriting.drafts import prompt_of
from jobs.copywriting.rules import Rules
from jobs.copywriting.slots import APPROVED, Brief, Draft
from jobs.copywriting.text_clicks import winners
from jobs.copywriting.writer import Writer
from jobs.runtime.night import Night
from models.copywriting.prompts import Prompt
from schemas.copywriting.wording import USERS_SLOTS
from schemas.tables.copywriting import COPY, COPY_CLICKS, COPY_SHARES

_NAMES = frozenset({"title", "event"})  # slots whose words are of one item or one occasion


class Text(NamedTuple):
    """A text as it was shown. names: slots of it that hold a name."""

    brief: Brief
    draft: Draft
    names: frozenset[str] = frozenset()


def won_texts(night: Night, least: int, chance: float, most: int) -> list[Text]:
    """Of last night's copy the texts that won, the `most` that were shown most, those last."""
    copy, clicks = night.versions(COPY).previous().arrow(), night.versions(COPY_CLICKS).previous().arrow()
    won = winners(copy, clicks, night.versions(COPY_SHARES).previous().arrow(), least, chance)
    return [
        Text(
            Brief.of(row),
            Draft(row["text"], row["wording"], row["source"]),
            _NAMES.intersection(fact["slot"] for fact in json.loads(row["facts"])),
        )
        for row in won.slice(max(0, won.num_rows - most)).to_pylist()
    ]


def approved_texts(rules: Rules) -> list[Text]:
    """What `copy.review` approves, of voices and languages that there are."""
    return [
        Text(brief, Draft(text, APPROVED, "template"))
        for key, texts in rules.review.approved.items()
        for brief in [Brief(*key)]
        for text in texts
        if brief.style in rules.voices and brief.language in rules.config.languages
    ]


def learnable(texts: Iterable[Text], judge: Writer) -> list[tuple[Brief, Prompt, str]]:
    """(brief, prompt, text) of each that may be learned from."""
    events = [name for season in judge.rules.seasons for name in season.names.values()]
    found = []
    for brief, draft, names in texts:
        if names or brief.item_id not in judge.goods or any(f"{{{slot}}}" in draft.text for slot in USERS_SLOTS):
            continue
        goods = judge.clean(brief.item_id)
        if any(name.lower() in draft.text.lower() for name in (*goods.titles, *events)) or judge.wrong(brief, draft):
            continue
        prompt = prompt_of(goods, brief)
        if prompt.attributes:
            found.append((brief, prompt, draft.text))
    return found
