"""Asks the copywriter for drafts of many briefs, shared out over Spark's workers; the best draft comes first.

A worker process reads the copywriter once, onto the GPU that Spark gave its task where there is one. Briefs are drafted
in shards of a fixed size, so that the number of workers changes the time and never the texts.
"""

from __future__ import annotations

import dataclasses
import functools
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa
from pyspark import TaskContext

from jobs.copywriting.briefs import MODEL, Brief, Draft
from jobs.copywriting.item_words import ItemWords
from jobs.copywriting.rules import CopyConfig, CopyRules
from jobs.runtime.lake import Lake
from jobs.runtime.model_store import PROMOTION, load_model
from jobs.runtime.night import Night
from models.copywriting.draft_ranking import coverage, rank
from models.copywriting.prompts import Prompt

if TYPE_CHECKING:  # torch and transformers: the workers import them, the night's own process never does
    from models.copywriting.copywriter import Copywriter

COPYWRITER = "copywriter"  # its folder in models/
LEARNED = "learned"  # of promotion.json, where train_copywriter says which strategies and channels it has texts of
# Lengths of the short texts that a copywriter who learned blurbs can also write. An English sentence is too long for a
# card. Other channels need a greeting or a signature; other strategies say why an item is shown, or on which terms.
_SHORT = {("card", "zh"): 14, ("push", "zh"): 30, ("push", "en"): 14}
_SHARD = 250  # briefs; within one, a clause that is used is spared in the next
_SLOT = re.compile(r"<(price|discount)>")
_DDL = "shard long, texts array<array<string>>, tokens long, seconds double, problem string"
_ROW = pa.schema(
    [
        ("shard", pa.int64()),
        ("texts", pa.list_(pa.list_(pa.string()))),
        ("tokens", pa.int64()),
        ("seconds", pa.float64()),
        ("problem", pa.string()),
    ]
)


def prompt_of(item: ItemWords, brief: Brief) -> Prompt:
    """The copywriter's input: the item's words in the brief's language, and the control words."""
    language = brief.language
    pairs = [("kind", item.kinds), ("brand", item.brands), *item.attributes]
    words_of = [(name, item.word(words, language, name)) for name, words in pairs]
    attributes = tuple((name, word) for name, word in words_of if word)
    return Prompt(brief.language, brief.strategy, brief.style, brief.channel, attributes)


class Running(NamedTuple):
    """The copywriter that writes tonight: its folder in the lake, and the (strategy, channel) pairs that it learned.

    Both are empty where none is trained.
    """

    folder: tuple[str, ...] = ()
    learned: frozenset[tuple[str, str]] = frozenset()

    @property
    def name(self) -> str:
        return "/".join(self.folder)

    def has_learned(self, brief: Brief) -> bool:
        return (brief.strategy, brief.channel) in self.learned

    def writes(self, brief: Brief) -> bool:
        """Whether it drafts the brief: a kind that it learned, or a short text in the manner of its blurbs."""
        is_short = brief.strategy == "recommendation" and (brief.channel, brief.language) in _SHORT
        return self.has_learned(brief) or (is_short and self.has_learned(brief._replace(channel="blurb")))

    def prompt(self, item: ItemWords, brief: Brief) -> Prompt:
        if self.has_learned(brief):
            return prompt_of(item, brief)
        length = _SHORT[brief.channel, brief.language]
        return dataclasses.replace(prompt_of(item, brief._replace(channel="blurb")), length=length)


def running_copywriter(night: Night) -> Running:
    folder = night.lake.model_before(COPYWRITER, night.date, including=True)
    if folder is None:
        return Running()
    learned = night.lake.get_json(*folder, PROMOTION)[LEARNED]
    return Running(folder, frozenset((strategy, channel) for strategy, channel in learned))


def drafts_of(
    night: Night, copywriter: Running, item_of: Callable[[str], ItemWords], rules: CopyRules, briefs: Sequence[Brief]
) -> dict[Brief, list[Draft]]:
    """Drafts, best first, of the first `most_drafted` briefs that the copywriter writes; other briefs have no entry.

    Returns no drafts for an item without words in that language.
    Raises ValueError or FileNotFoundError where the copywriter cannot be read, before anything is drafted.
    """
    drafted = [brief for brief in briefs if copywriter.writes(brief)][: rules.config.most_drafted]
    prompts = {brief: copywriter.prompt(item_of(brief.item_id), brief) for brief in drafted}
    asked = [brief for brief, prompt in prompts.items() if prompt.attributes]
    drafts: dict[Brief, list[Draft]] = {brief: [] for brief in drafted}
    began, spent, tokens = time.monotonic(), 0.0, 0
    context = night.spark.sparkContext
    workers = rules.config.draft_workers or context.defaultParallelism
    for first in range(0, len(asked), workers * _SHARD):
        wave = asked[first : first + workers * _SHARD]
        shards = [wave[at : at + _SHARD] for at in range(0, len(wave), _SHARD)]
        work = context.broadcast([[prompts[brief] for brief in shard] for shard in shards])
        write = _drafter(work, night.lake.root, copywriter.folder, rules.config)
        rows = night.spark.range(0, len(shards), 1, len(shards)).mapInArrow(write, _DDL).toArrow().to_pylist()
        work.destroy()
        for row in rows:
            if row["problem"]:
                raise ValueError(row["problem"])
            for brief, texts in zip(shards[row["shard"]], row["texts"], strict=True):
                drafts[brief] = _ranked(texts, prompts[brief], rules, brief)
            spent, tokens = spent + row["seconds"], tokens + row["tokens"]
        done = first + len(wave)
        night.log.info(
            "%d of %d briefs drafted, %d tokens/s, %d texts/s; a thousand texts cost %.0f worker-seconds",
            done,
            len(asked),
            tokens / (time.monotonic() - began),
            _count_texts(drafts) / (time.monotonic() - began),
            1000 * spent / max(1, _count_texts(drafts)),
        )
    return drafts


def _count_texts(drafts: Mapping[Brief, Sequence[Draft]]) -> int:
    return sum(map(len, drafts.values()))


def _drafter(
    work: Any, lake: str, folder: tuple[str, ...], config: CopyConfig
) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """mapInArrow function: shards (column `id`) of the broadcast `work` -> a row with the texts of each."""

    def write(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for shard in batch["id"].to_pylist():
                yield pa.RecordBatch.from_pylist([_written(shard, work.value[shard])], _ROW)

    def _written(shard: int, prompts: Sequence[Prompt]) -> dict[str, Any]:
        began, tokens = time.monotonic(), 0

        def count(_: int, so_far: int) -> None:
            nonlocal tokens
            tokens = so_far

        try:
            copywriter = _loaded(lake, folder)
        except (FileNotFoundError, ValueError) as problem:  # the driver raises it, without a trace of the worker
            return {"shard": shard, "texts": [], "tokens": 0, "seconds": 0.0, "problem": str(problem)}
        answers = copywriter.write(prompts, config.candidates, config.seed, count)
        texts = [[one.text for one in answer] for answer in answers]
        return {"shard": shard, "texts": texts, "tokens": tokens, "seconds": time.monotonic() - began, "problem": None}

    return write


@functools.lru_cache(maxsize=1)
def _loaded(lake: str, folder: tuple[str, ...]) -> Copywriter:
    """Read once by each worker process, with one thread, since there are as many processes as cores."""
    import torch

    from models.copywriting.copywriter import Copywriter

    if torch.cuda.is_available():
        task = TaskContext.get()
        gpu = task.resources().get("gpu") if task else None
        turn = task.partitionId() % torch.cuda.device_count() if task else 0
        torch.cuda.set_device(int(gpu.addresses[0]) if gpu else turn)
    copywriter = load_model(Lake(lake), folder, Copywriter)
    copywriter.config = dataclasses.replace(copywriter.config, threads=1)
    return copywriter


def _ranked(texts: Sequence[str], prompt: Prompt, rules: CopyRules, brief: Brief) -> list[Draft]:
    """Ranks drafts by coverage, voice and the copywriter's own order, which says more than their log-probability."""
    guide = rules.voices[brief.style].guide(brief.language)
    order = rank(
        texts,
        [-float(place) for place in range(len(texts))],
        [coverage(text, prompt.values) for text in texts],
        [guide.fit(text) for text in texts],
    )
    return [Draft(_SLOT.sub(r"{\1}", texts[place]), MODEL, "model") for place in order]
