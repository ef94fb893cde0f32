"""The copywriter in the lake, asked for drafts of many briefs at once; its best comes first."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence

from jobs.runtime.copy_goods import Goods
from jobs.runtime.copy_rules import Rules
from jobs.runtime.copy_slots import MODEL, Brief, Draft
from models.copy_choice import coverage, rank
from models.copywriter import Copywriter, Prompt

_SLOT = re.compile(r"<(price|discount)>")


def prompt_of(goods: Goods, brief: Brief) -> Prompt:
    """What the copywriter is told: the item's words in the brief's language, and the control words."""
    pairs = [("kind", goods.kinds), ("brand", goods.brands), *goods.attributes]
    said = [(name, goods.word(words, brief.language)) for name, words in pairs]
    told = tuple((name, word) for name, word in said if word)
    return Prompt(brief.language, brief.strategy, brief.style, brief.channel, told)


def drafts_by(
    copywriter: Copywriter,
    goods: Callable[[str], Goods],
    rules: Rules,
    tell: Callable[[str], None],
) -> Callable[[Sequence[Brief]], list[list[Draft]]]:
    """Briefs -> drafts of each, best first; none for an item without words in the language."""

    began = time.monotonic()

    def progress(done: int, tokens: int) -> None:
        tell(f"{done} prompts, {tokens} tokens, {tokens / max(time.monotonic() - began, 1e-9):.0f} a second")

    def write(briefs: Sequence[Brief]) -> list[list[Draft]]:
        prompts = {brief: prompt_of(goods(brief.item_id), brief) for brief in briefs}
        asked = [brief for brief in briefs if prompts[brief].attributes]
        found: Mapping[Brief, list[Draft]] = {}
        if asked:
            began = time.monotonic()
            answers = copywriter.write(
                [prompts[brief] for brief in asked], rules.config.candidates, rules.config.seed, progress
            )
            spent = time.monotonic() - began
            tell(f"{len(asked)} briefs drafted, {1000 * spent / len(asked):.0f} s per thousand")
            found = {
                brief: _ranked(answer, prompts[brief], rules, brief)
                for brief, answer in zip(asked, answers, strict=True)
            }
        return [found.get(brief, []) for brief in briefs]

    return write


def _ranked(answer: Sequence, prompt: Prompt, rules: Rules, brief: Brief) -> list[Draft]:  # type: ignore[type-arg]
    """The copywriter's own order counts as likelihood: it knows more of its texts than their log-probability."""
    texts = [one.text for one in answer]
    guide = rules.voices[brief.style].guide(brief.language)
    order = rank(
        texts,
        [-float(at) for at in range(len(answer))],
        [coverage(text, prompt.values) for text in texts],
        [guide.fit(text) for text in texts],
    )
    return [Draft(_SLOT.sub(r"{\1}", texts[at]), MODEL, "model") for at in order]
