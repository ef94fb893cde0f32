"""Drafts of many briefs by the copywriter, the network that was trained from scratch; the best draft comes first."""

from __future__ import annotations

import dataclasses
import functools
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from jobs.copywriting.briefs import BLURB, MODEL, Brief, Draft, in_turns
from jobs.copywriting.draft_shards import Work, take_gpu, texts_in_shards
from jobs.copywriting.item_words import ItemWords
from jobs.copywriting.packed_prompts import PackedPrompts
from jobs.copywriting.rules import CopyRules
from jobs.copywriting.writer import CopyInputs
from jobs.runtime.lake import Lake
from jobs.runtime.model_store import PROMOTION, load_model
from jobs.runtime.night import Night
from models.copywriting.draft_ranking import coverage, rank
from models.copywriting.prompts import Prompt
from models.fact_lock.claims import banned_words

if TYPE_CHECKING:  # torch and transformers: the workers import them, the night's own process never does
    from models.copywriting.copywriter import Copywriter

COPYWRITER = "copywriter"  # its folder in models/
LEARNED = "learned"  # field of promotion.json: the strategies and channels that the copywriter has learned
# Lengths of the short texts that a copywriter can also write once it has learned blurbs. An English sentence is too
# long for a card. Other channels need a greeting or a signature; other strategies say why an item is shown, or on which
# terms.
_SHORT = {("card", "zh"): 14, ("push", "zh"): 30, ("push", "en"): 14}
_SLOT = re.compile(r"<(price|discount)>")


def prompt_of(item: ItemWords, brief: Brief) -> Prompt:
    """The copywriter's input: the item's words in the brief's language, and the control words."""
    language = brief.language
    pairs = [("kind", item.kinds), ("brand", item.brands), *item.attributes]
    words_of = [(name, item.word(words, language, name)) for name, words in pairs]
    attributes = tuple((name, word) for name, word in words_of if word)
    return Prompt(brief.language, brief.strategy, brief.style, brief.channel, attributes)


class Running(NamedTuple):
    """The copywriter that writes tonight: its folder in the lake, and the (strategy, channel) pairs that it learned.

    Both are empty where none is trained. shortens: channels whose short texts it writes like its blurbs.
    """

    folder: tuple[str, ...] = ()
    learned: frozenset[tuple[str, str]] = frozenset()
    shortens: frozenset[str] = frozenset(("card", "push"))

    @property
    def name(self) -> str:
        return "/".join(self.folder)

    def has_learned(self, brief: Brief) -> bool:
        return (brief.strategy, brief.channel) in self.learned

    def writes(self, brief: Brief) -> bool:
        """Whether it drafts the brief: it learned this strategy and channel, or it writes a short text like a blurb."""
        is_short = brief.channel in self.shortens and (brief.channel, brief.language) in _SHORT
        is_short = is_short and brief.strategy == "recommendation"
        return self.has_learned(brief) or (is_short and self.has_learned(brief._replace(channel=BLURB)))

    def drafts(self, night: Night, inputs: CopyInputs, briefs: Sequence[Brief]) -> dict[Brief, list[Draft]]:
        return drafts_of(night, self, inputs, briefs)

    def prompt(self, item: ItemWords, brief: Brief) -> Prompt:
        if self.has_learned(brief):
            return prompt_of(item, brief)
        length = _SHORT[brief.channel, brief.language]
        return dataclasses.replace(prompt_of(item, brief._replace(channel=BLURB)), length=length)


def running_copywriter(night: Night, shortens: Sequence[str]) -> Running:
    folder = night.lake.model_before(COPYWRITER, night.date, including=True)
    if folder is None:
        return Running()
    learned = night.lake.get_json(*folder, PROMOTION)[LEARNED]
    return Running(folder, frozenset((strategy, channel) for strategy, channel in learned), frozenset(shortens))


def truthful(prompt: Prompt, brief: Brief, inputs: CopyInputs) -> Prompt:
    """The prompt with the words that the fact lock would refuse, so that the network does not write them."""
    return dataclasses.replace(prompt, banned=banned_words(inputs.products.of(brief).facts, inputs.vocabulary))


def drafts_of(
    night: Night, copywriter: Running, inputs: CopyInputs, briefs: Sequence[Brief]
) -> dict[Brief, list[Draft]]:
    """Drafts, best first, of at most `most_drafted` briefs that the copywriter writes; other briefs have no entry.

    Voices and languages take turns. The list is empty for an item without words in the brief's language. Raises
    ValueError or FileNotFoundError, before anything is drafted, where the copywriter cannot be read.
    """
    config = inputs.rules.config
    drafted = in_turns([brief for brief in briefs if copywriter.writes(brief)])[: config.most_drafted]
    prompts = {brief: copywriter.prompt(inputs.products.clean(brief.item_id), brief) for brief in drafted}
    answerable = {brief: truthful(prompt, brief, inputs) for brief, prompt in prompts.items() if prompt.attributes}
    drafts: dict[Brief, list[Draft]] = {brief: [] for brief in drafted}
    workers = config.draft_workers or (night.spark.sparkContext.defaultParallelism if answerable else 1)
    load = functools.partial(_loaded, night.lake.root, copywriter.folder)
    work = Work(load, config.candidates, config.seed, workers, workers, PackedPrompts)
    for brief, texts in texts_in_shards(night, answerable, work):
        drafts[brief] = ranked(texts, answerable[brief].values, inputs.rules, brief, MODEL)
    return drafts


@functools.lru_cache(maxsize=1)
def _loaded(root: str, folder: tuple[str, ...]) -> Copywriter:
    """The copywriter; each worker process reads it once. It uses one thread, since there is a process for each core."""
    from models.copywriting.copywriter import Copywriter

    take_gpu()
    copywriter = load_model(Lake(root), folder, Copywriter)
    copywriter.config = dataclasses.replace(copywriter.config, threads=1)
    return copywriter


def ranked(texts: Sequence[str], values: Sequence[str], rules: CopyRules, brief: Brief, wording: str) -> list[Draft]:
    """Drafts, best first: ranked by how many of the item's values they name, by voice, and by the writer's order."""
    guide = rules.voices[brief.style].guide(brief.language)
    order = rank(
        texts,
        [-float(place) for place in range(len(texts))],
        [coverage(text, values) for text in texts],
        [guide.fit(text) for text in texts],
    )
    return [Draft(_SLOT.sub(r"{\1}", texts[place]), wording, MODEL) for place in order]
