"""Training pairs for the next copywriter from the shop's best texts: texts that won by clicks, texts people approved.

The copywriter reuses clauses in texts about other items. So a text that names its item, an event or a user's own terms
is left out. Also left out are texts whose wording was retired, texts that a person blocked, and texts that the item's
facts no longer support.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import NamedTuple

from jobs.copywriting.briefs import APPROVED, Brief, Draft
from jobs.copywriting.drafts import prompt_of
from jobs.copywriting.rules import CopyRules
from jobs.copywriting.text_clicks import winners
from jobs.copywriting.writer import CopyInputs
from jobs.runtime.night import Night
from models.copywriting.prompts import Prompt
from schemas.copywriting.wording import USERS_SLOTS
from schemas.tables.copywriting import COPY, COPY_CLICKS, COPY_SHARES

_NAMES = frozenset({"title", "event"})  # slots whose words belong to one item or one event


class Text(NamedTuple):
    """A text as it was shown. names: its slots that hold a name."""

    brief: Brief
    draft: Draft
    names: frozenset[str] = frozenset()


def won_texts(night: Night, least: int, chance: float, most: int) -> list[Text]:
    """The texts of last night's copy that won: the `most` that were shown most often, in ascending order."""
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


def approved_texts(rules: CopyRules) -> list[Text]:
    """Texts that `copy.review` approves, in voices and languages that exist."""
    return [
        Text(brief, Draft(text, APPROVED, "template"))
        for key, texts in rules.review.approved.items()
        for brief in [Brief(*key)]
        for text in texts
        if brief.style in rules.voices and brief.language in rules.config.languages
    ]


def learnable(texts: Iterable[Text], inputs: CopyInputs) -> list[tuple[Brief, Prompt, str]]:
    """(brief, prompt, text) of each text that the copywriter may learn from."""
    events = [name for season in inputs.rules.seasons for name in season.names.values()]
    lessons = []
    for brief, draft, names in texts:
        if names or brief.item_id not in inputs.items or any(f"{{{slot}}}" in draft.text for slot in USERS_SLOTS):
            continue
        item = inputs.products.clean(brief.item_id)
        has_name = any(name.lower() in draft.text.lower() for name in (*item.titles, *events))
        if has_name or inputs.problems(brief, draft):
            continue
        prompt = prompt_of(item, brief)
        if prompt.attributes:
            lessons.append((brief, prompt, draft.text))
    return lessons
