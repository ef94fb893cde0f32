"""Described items -> the copywriter: once a week, from the shop's own descriptions; templates write where they are few.

It learns from what the shop says of its items in each language, attributes in, description out, after the shop's plain
text: titles and what people searched; and from its own best texts, those that clicks have chosen or that a person
approved (jobs/copywriting/winning_texts.py). A twentieth of the items is held out: there its drafts go through the same
checks as tonight's copy, and a new copywriter takes the place of the running one only if it is not surely worse in the
share of briefs for which a draft stands.
Below `least_pairs` descriptions none is trained: templates write the copy, and `copy.source` says so. The sample shop
has 500 items, and drafting for them on a CPU would cost its night more than all other jobs together.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import shutil
import tempfile
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from jobs.copywriting.drafts import COPYWRITER, LEARNED, prompt_of
from jobs.copywriting.item_words import COLUMNS, Before, Goods, in_language, read_goods
from jobs.copywriting.rules import CopyConfig, Rules
from jobs.copywriting.slots import MODEL as BY_MODEL
from jobs.copywriting.slots import Brief, Draft
from jobs.copywriting.winning_texts import approved_texts, learnable, won_texts
from jobs.copywriting.writer import Writer
from jobs.runtime.model_store import days_since, due, load_model, save_judged
from jobs.runtime.night import Night
from models.compliance.checks import hostile
from models.copywriting.prompts import Prompt
from models.core.config import check_bounds
from models.core.promotion import decide
from models.fact_lock.claims import Vocabulary
from schemas.tables import CLEAN_EVENTS, ITEMS

if TYPE_CHECKING:  # torch and transformers, which most nights do without
    from models.copywriting.copywriter import Copywriter, CopywriterConfig

DESCRIPTIONS = ("description", "description_zh")
_HELD_OUT = 20  # one item in so many


@dataclass(frozen=True)
class TrainCopywriterConfig:
    """When the copywriter is trained, and on what."""

    every_days: int = field(
        default=7, metadata={"doc": "days until another is trained, where training.retrain is auto", "least": 1}
    )
    least_pairs: int = field(
        default=2_000,
        metadata={
            "doc": "descriptions with attributes; with fewer none is trained, and templates write the copy",
            "least": 1,
        },
    )
    most_pairs: int = field(default=50_000, metadata={"doc": "descriptions that it learns from, at most", "least": 1})
    query_days: int = field(default=28, metadata={"doc": "days of search queries among its plain text; 0: none"})
    least_of_kind: int = field(
        default=200,
        metadata={"doc": "texts of a strategy and channel among what it learns; it drafts for no others", "least": 1},
    )
    judge_briefs: int = field(default=200, metadata={"doc": "held-out briefs that judge it, at most", "least": 1})
    won_after: int = field(
        default=200, metadata={"doc": "shown so often a text may win, and be learned from", "least": 1}
    )
    won_chance: float = field(
        default=0.95,
        metadata={
            "doc": "that its click rate is above that of its group's other texts, at least",
            "least": 0.5,
            "below": 1,
        },
    )
    most_won: int = field(
        default=5_000, metadata={"doc": "texts that won among what it learns, the most shown", "least": 1}
    )

    def __post_init__(self) -> None:
        check_bounds(self)


def main(night: Night) -> None:
    config: TrainCopywriterConfig = night.settings.section("copywriter_training")
    settings: CopyConfig = night.settings.section("copy")
    rules = Rules.load(settings)
    running = night.lake.model_before(COPYWRITER, night.date)
    why = due(night, days_since(night, COPYWRITER), config.every_days)
    if why is None:
        night.report(start="carried over", model="/".join(running or ()))
        return
    items = night.versions(ITEMS).tonight().arrow(COLUMNS).sort_by("item_id")
    most = sum(len(items) - items[name].null_count for name in DESCRIPTIONS)
    if most < config.least_pairs:  # said before transformers is imported, which takes longer than all else here
        say_too_few(night, most, config)
        return
    goods = {item: one.cleaned() for item, one in read_goods(items, Before(), (), 0.5).items()}
    told = list(described(items.to_pylist(), goods, settings, rules.default_style))
    if len(told) < config.least_pairs:
        say_too_few(night, len(told), config)
        return
    judge = Writer(rules, goods, Vocabulary.of([g.facts() for g in goods.values()], rules.words), {}, night.date)
    held = [pair for pair in told if is_held_out(pair[0].item_id)][: config.judge_briefs]
    won = not_held_out(learnable(won_texts(night, config.won_after, config.won_chance, config.most_won), judge))
    approved = not_held_out(learnable(approved_texts(rules), judge))
    pairs = [*not_held_out(told), *won, *approved][-config.most_pairs :]
    texts = [*plain_texts(night, config.query_days), *(title for one in goods.values() for title in one.titles)]
    new, checkpoint = train(night, texts, pairs)
    ours = stands(new, held, judge, settings)
    theirs = np.zeros(len(ours))
    if running is not None:
        from models.copywriting.copywriter import Copywriter

        theirs = stands(load_model(night.lake, running, Copywriter), held, judge, settings)
    decision = decide(ours, theirs)
    of_kind = Counter((prompt.strategy, prompt.channel) for prompt, _ in pairs)
    facts = {
        "start": why,
        "pairs": len(pairs),
        "joined": {"won": len(won), "approved": len(approved)},
        "texts": len(texts),
        LEARNED: sorted(kind for kind, texts in of_kind.items() if texts >= config.least_of_kind),
        "promoted": decision.promoted and decision.new > 0,
        "stands": dataclasses.asdict(decision),
        "running": "templates alone" if running is None else "/".join(running),
    }
    night.log.info("%d pairs; %d texts that won joined, %d approved ones", len(pairs), len(won), len(approved))
    night.log.info("a draft stands for %.0f %% of %d held-out briefs", 100 * decision.new, len(held))
    save_judged(night, COPYWRITER, new, facts)
    shutil.rmtree(checkpoint, ignore_errors=True)
    night.report(**facts)


def say_too_few(night: Night, pairs: int, config: TrainCopywriterConfig) -> None:
    night.log.info("no copywriter: %d described items and languages, copywriter_training.least_pairs is %d; templates "
                   "write the copy", pairs, config.least_pairs)  # fmt: skip
    night.report(start=f"none: {pairs} pairs")


def described(
    rows: Sequence[dict[str, Any]], goods: dict[str, Goods], settings: CopyConfig, style: str
) -> Iterator[tuple[Brief, Prompt, str]]:
    """(brief, prompt, description) of every item and language in which the shop describes what has attributes.

    A description that tries to instruct whoever reads it, or says what no page should show, teaches nothing.
    """
    for row in rows:
        one = goods[row["item_id"]]
        for text in dict.fromkeys(row[name] for name in DESCRIPTIONS if row[name]):
            language = next((lang for lang in settings.languages if in_language(text, lang)), None)
            if language is None or hostile(text):
                continue
            brief = Brief(one.item_id, "recommendation", style, "blurb", language)
            prompt = prompt_of(one, brief)
            if prompt.attributes:
                yield brief, prompt, text


def is_held_out(item_id: str) -> bool:
    """The same items every week, so that no copywriter is judged by what an earlier one has learned."""
    return zlib.crc32(item_id.encode()) % _HELD_OUT == 0


def not_held_out(told: Iterable[tuple[Brief, Prompt, str]]) -> list[tuple[Prompt, str]]:
    return [(prompt, text) for brief, prompt, text in told if not is_held_out(brief.item_id)]


def plain_texts(night: Night, days: int) -> list[str]:
    """What people searched lately, each phrase once."""
    found: set[str] = set()
    if days:
        for path in night.versions(CLEAN_EVENTS).since(night.date - dt.timedelta(days=days)).paths():
            queries = pq.read_table(path, columns=["query"], filesystem=night.lake.fs)["query"]
            found.update(pc.unique(queries).drop_null().to_pylist())
    return sorted(query for query in found if not hostile(query))


def train(night: Night, texts: Sequence[str], pairs: Sequence[tuple[Prompt, str]]) -> tuple[Copywriter, Path]:
    """(the copywriter, its checkpoint's folder): a try that was killed goes on where it was, on the same machine."""
    from models.copywriting.copywriter import Copywriter

    settings: CopywriterConfig = night.settings.section("copywriter")
    checkpoint = Path(tempfile.gettempdir()) / f"nightmarket-copywriter-{night.date}-{night.run}"
    return Copywriter.fit(settings, texts, pairs, checkpoint, night.log.info), checkpoint


def stands(
    copywriter: Copywriter, held: Sequence[tuple[Brief, Prompt, str]], judge: Writer, settings: CopyConfig
) -> NDArray[np.float64]:
    """1 for each brief of which a draft passes every check, 0 for the others."""
    answers = copywriter.write([prompt for _, prompt, _ in held], settings.candidates, settings.seed)
    return np.array([
        any(not judge.wrong(brief, Draft(one.text, BY_MODEL, "model")) for one in answer)
        for (brief, _, _), answer in zip(held, answers, strict=True)
    ], np.float64)  # fmt: skip
