"""Described items -> the copywriter, trained once a week on the shop's own descriptions.

It is pre-trained on the shop's plain text: titles and search queries. Then it learns from pairs of attributes and
description in each language, and from the shop's best texts: those that won by clicks and those that a person approved
(jobs/copywriting/winning_texts.py). A twentieth of the items is held out. Drafts for these items go through the same
checks as tonight's copy. A new copywriter replaces the running one unless it is surely worse in the share of briefs for
which a draft passes.
Where `copy.writer` is 'tuned', LoRA on `copy.base_model` learns these pairs. A prompted model or an endpoint learns
nothing here.
With fewer than `least_pairs` descriptions no copywriter is trained. Then templates write the copy, and `copy.source`
says so. A shop with about a thousand, such as the sample shop, needs a small network that learns slots in place of
values (`copywriter.value_slots`); `.ci/sample_shop.toml` has settings for it.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import shutil
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from jobs.copywriting.briefs import BLURB, Brief, Draft
from jobs.copywriting.briefs import MODEL as BY_MODEL
from jobs.copywriting.catalogue_words import COLUMNS, PastCatalogues, read_item_words
from jobs.copywriting.drafts import LEARNED, prompt_of
from jobs.copywriting.item_words import ItemWords
from jobs.copywriting.past_clicks import recount_clicks
from jobs.copywriting.rules import CopyConfig, CopyRules
from jobs.copywriting.trained_writers import TrainedWriter, trained_writer
from jobs.copywriting.winning_texts import approved_texts, learnable, won_texts
from jobs.copywriting.writer import CopyInputs
from jobs.runtime.model_store import checkpoint_folder, days_since, due, from_checkpoint, save_judged
from jobs.runtime.night import Night
from jobs.runtime.parquet_files import read_table
from jobs.runtime.progress import Progress
from models.compliance.checks import hostile
from models.copywriting.prompts import Prompt
from models.core.config import check_bounds
from models.core.promotion import decide
from models.fact_lock.claims import Vocabulary
from schemas.tables import CLEAN_EVENTS, ITEMS

DESCRIPTIONS = ("description", "description_zh")
_HELD_OUT = 20  # one item in so many is held out


@dataclass(frozen=True)
class TrainCopywriterConfig:
    """When the copywriter is trained, and on what."""

    every_days: int = field(
        default=7, metadata={"doc": "days until another is trained, where training.retrain is auto", "least": 1}
    )
    least_pairs: int = field(
        default=2_000,
        metadata={
            "doc": "descriptions with attributes; with fewer, no copywriter is trained and templates write the copy",
            "least": 1,
        },
    )
    most_pairs: int = field(default=50_000, metadata={"doc": "descriptions that it learns from, at most", "least": 1})
    query_days: int = field(default=28, metadata={"doc": "days of search queries among its plain text; 0: none"})
    least_of_kind: int = field(
        default=200,
        metadata={"doc": "texts of a strategy and channel that it needs to draft for these", "least": 1},
    )
    judge_briefs: int = field(default=200, metadata={"doc": "held-out briefs that judge it, at most", "least": 1})
    won_after: int = field(
        default=200, metadata={"doc": "impressions that a text needs to win and to be learned from", "least": 1}
    )
    won_chance: float = field(
        default=0.95,
        metadata={
            "doc": "least probability that its click rate is above that of its group's other texts, for a text to win",
            "least": 0.5,
            "below": 1,
        },
    )
    most_won: int = field(
        default=5_000, metadata={"doc": "most texts that won that it learns from; those shown most", "least": 1}
    )

    def __post_init__(self) -> None:
        check_bounds(self)


def trains(night: Night) -> bool:
    """Whether a training is due tonight; `main` may still find too few texts that it can learn from."""
    config: TrainCopywriterConfig = night.settings.section("copywriter_training")
    writer = trained_writer(night, night.settings.section("copy").writer)
    if writer is None:
        return False
    running = night.lake.model_before(writer.folder, night.date)
    if due(night, days_since(night, writer.folder), config.every_days, lambda: writer.changed(running)) is None:
        return False
    return descriptions_of(night.versions(ITEMS).tonight().arrow([*DESCRIPTIONS])) >= config.least_pairs


def descriptions_of(catalogue: pa.Table) -> int:
    return sum(len(catalogue) - catalogue[name].null_count for name in DESCRIPTIONS)


def main(night: Night) -> None:
    config: TrainCopywriterConfig = night.settings.section("copywriter_training")
    settings: CopyConfig = night.settings.section("copy")
    rules = CopyRules.load(settings)
    writer = trained_writer(night, settings.writer)
    if writer is None:
        night.report(start=f"none: copy.writer is '{settings.writer}', which needs no training")
        return
    running = night.lake.model_before(writer.folder, night.date)
    why = due(night, days_since(night, writer.folder), config.every_days, lambda: writer.changed(running))
    if why is None:
        night.report(start="carried over", model="/".join(running or ()))
        return
    catalogue = night.versions(ITEMS).tonight().arrow(COLUMNS).sort_by("item_id")
    most = descriptions_of(catalogue)
    if most < config.least_pairs:  # before transformers is imported, which takes longer than all else
        say_too_few(night, most, config)
        return
    words = read_item_words(catalogue, PastCatalogues(), (), 0.5)
    items = {item_id: item.cleaned(rules.name_refusal) for item_id, item in words.items()}
    pairs_of_items = list(described(catalogue.to_pylist(), items, rules))
    if len(pairs_of_items) < config.least_pairs:
        say_too_few(night, len(pairs_of_items), config)
        return
    vocabulary = Vocabulary.of([item.facts() for item in items.values()], rules.words, rules.figures, rules.claim_words)
    inputs = CopyInputs(rules, items, vocabulary, {}, night.date)
    held_out = [pair for pair in pairs_of_items if is_held_out(pair[0].item_id)][: config.judge_briefs]
    recount_clicks(night)
    won = not_held_out(learnable(won_texts(night, config.won_after, config.won_chance, config.most_won), inputs))
    approved = not_held_out(learnable(approved_texts(rules), inputs))
    lessons = [*not_held_out(pairs_of_items), *won, *approved][-config.most_pairs :]
    texts = [*plain_texts(night, config.query_days), *(title for item in items.values() for title in item.titles)]
    prompts = writer.prompts(inputs, held_out)
    passed_before = passed_by_running(
        night, writer, running, prompts, held_out, inputs
    )  # before the new one is trained: memory may not hold both
    sections = [night.settings.section(name) for name in ("copy", "copywriter", "instruct")]
    checkpoint = checkpoint_folder(night, writer.folder, sections)
    trained = from_checkpoint(night, checkpoint, lambda: writer.fit(inputs, texts, lessons, checkpoint))
    passed_now = passed(trained, prompts, held_out, inputs)
    decision = decide(passed_now, passed_before)
    of_kind = Counter((brief.strategy, brief.channel) for brief, _, _ in lessons)
    facts = {
        "start": why,
        "pairs": len(lessons),
        "joined": {"won": len(won), "approved": len(approved)},
        "texts": len(texts),
        LEARNED: sorted(kind for kind, texts in of_kind.items() if texts >= config.least_of_kind),
        "promoted": decision.promoted and decision.new > 0,
        "stands": dataclasses.asdict(decision),
        "running": "templates alone" if running is None else "/".join(running),
    }
    night.log.info(
        "%d training pairs, of these %d texts that won and %d approved ones", len(lessons), len(won), len(approved)
    )
    night.log.info("a draft passes every check for %.0f %% of %d held-out briefs", 100 * decision.new, len(held_out))
    save_judged(night, writer.folder, trained, facts)
    shutil.rmtree(checkpoint, ignore_errors=True)
    night.report(**facts)


def say_too_few(night: Night, pairs: int, config: TrainCopywriterConfig) -> None:
    message = "no copywriter: %d descriptions, copywriter_training.least_pairs is %d; templates write the copy"
    night.log.info(message, pairs, config.least_pairs)
    night.report(start=f"none: {pairs} pairs")


def described(
    rows: Sequence[dict[str, Any]], items: dict[str, ItemWords], rules: CopyRules
) -> Iterator[tuple[Brief, Prompt, str]]:
    """(brief, prompt, description) of every item with attributes, once for each language in which it is described.

    The brief's style is the voice of the description, so that the copywriter learns to write in this voice.
    Leaves out descriptions that contain instructions to a model, or words that no page should show.
    """
    for row in rows:
        item = items[row["item_id"]]
        for text in dict.fromkeys(row[name] for name in DESCRIPTIONS if row[name]):
            language = next((lang for lang in rules.config.languages if item.dictionary.is_in(text, lang)), None)
            if language is None or hostile(text, item.dictionary.languages.values()):
                continue
            brief = Brief(item.item_id, "recommendation", voice_of(text, language, rules), BLURB, language)
            prompt = prompt_of(item, brief)
            if prompt.attributes:
                yield brief, prompt, text


def voice_of(text: str, language: str, rules: CopyRules) -> str:
    """The voice that allows the text and has most of its words in it; the default voice where none or several do."""
    scores = {
        name: voice.guide(language).fit(text)
        for name, voice in rules.voices.items()
        if not voice.guide(language).forbidden(text)
    }
    best = [name for name, score in scores.items() if score == max(scores.values())]
    return best[0] if len(best) == 1 else rules.default_style


def is_held_out(item_id: str) -> bool:
    """Whether the item is held out: the same items every week, so no copywriter is judged on what it has learned."""
    return zlib.crc32(item_id.encode()) % _HELD_OUT == 0


def not_held_out(lessons: Iterable[tuple[Brief, Prompt, str]]) -> list[tuple[Brief, Prompt, str]]:
    return [lesson for lesson in lessons if not is_held_out(lesson[0].item_id)]


def plain_texts(night: Night, days: int) -> list[str]:
    """Search queries of the last `days` days, each once, sorted."""
    queries: set[str] = set()
    if days:
        for path in night.versions(CLEAN_EVENTS).since(night.date - dt.timedelta(days=days)).paths():
            column = read_table(night.lake, path, ["query"])["query"]
            queries.update(pc.unique(column).drop_null().to_pylist())
    return sorted(query for query in queries if not hostile(query))


def passed_by_running(
    night: Night,
    writer: TrainedWriter,
    running: tuple[str, ...] | None,
    prompts: Sequence[Any],
    held_out: Sequence[tuple[Brief, Prompt, str]],
    inputs: CopyInputs,
) -> NDArray[np.float64]:
    """`passed` for the running copywriter; all 0 where there is none, or where it cannot be read any more."""
    if running is None:
        return np.zeros(len(held_out))
    try:
        model = writer.load(running)
    except (FileNotFoundError, ValueError) as problem:
        night.log.warning("the running copywriter cannot be read and loses the comparison: %s", problem)
        return np.zeros(len(held_out))
    return passed(model, prompts, held_out, inputs)


def passed(
    writer: Any, prompts: Sequence[Any], held_out: Sequence[tuple[Brief, Prompt, str]], inputs: CopyInputs
) -> NDArray[np.float64]:
    """1 for each brief for which a draft passes every check, 0 for the others."""
    settings = inputs.rules.config
    with Progress("drafts for the held-out briefs", len(prompts), "prompts") as doing:
        answers = writer.write(prompts, settings.candidates, settings.seed, lambda count, tokens: doing.at(count))
    return np.array(
        [
            any(not inputs.problems(brief, Draft(candidate.text, BY_MODEL, "model")) for candidate in answer)
            for (brief, _, _), answer in zip(held_out, answers, strict=True)
        ],
        np.float64,
    )
