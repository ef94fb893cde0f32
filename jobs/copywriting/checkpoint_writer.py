"""Drafts by a pretrained instruct model: prompted or tuned on this machine's own processors, or behind an endpoint.

All three are asked with the same messages (chat_prompts.py), and their drafts are judged like any other.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jobs.copywriting.briefs import ENDPOINT, TUNED, Brief, Draft
from jobs.copywriting.chat_prompts import ChatPrompts, digest_of
from jobs.copywriting.draft_shards import SHARD, Work, take_gpu, texts_in_shards
from jobs.copywriting.drafts import LEARNED, ranked
from jobs.copywriting.endpoint_config import EndpointConfig
from jobs.copywriting.endpoint_writer import Endpoint
from jobs.copywriting.rules import CopyRules
from jobs.copywriting.writer import CopyInputs
from jobs.runtime.lake import Lake
from jobs.runtime.model_store import PROMOTION, load_model
from jobs.runtime.night import Night
from models.instruct.chat_prompt import ChatPrompt
from models.instruct.config import InstructConfig
from schemas.copywriting.prompt import PromptWords, load_prompts

if TYPE_CHECKING:  # torch and transformers: the workers import them, the night's own process never does
    from models.instruct.writer import InstructWriter

TUNED_MODEL = "tuned_copywriter"  # its folder in models/; a shop that goes back to the network finds it as it was
ONE = 1  # text that a tuned model is asked for at a time, as it learned it


@dataclass(frozen=True)
class CheckpointWriter:
    """The instruct model that `copy.base_model` names, used as `copy.writer` says.

    name: of the column `model` of COPY; another name means that briefs are drafted again. words: the prompt of each
    language that has one. learned: (strategy, channel) pairs that a tuned model writes; None where it was not tuned.
    folder: of the tuned model's adapters.
    """

    name: str
    writer: str
    words: Mapping[str, PromptWords]
    learned: frozenset[tuple[str, str]] | None = None
    folder: tuple[str, ...] = ()

    def writes(self, brief: Brief) -> bool:
        """Whether it drafts the brief: its language's prompt describes the kind, and a tuned model has learned it."""
        if brief.language not in self.words or not self.words[brief.language].describes(brief.strategy, brief.channel):
            return False
        return self.learned is None or (brief.strategy, brief.channel) in self.learned

    def drafts(self, night: Night, inputs: CopyInputs, briefs: Sequence[Brief]) -> dict[Brief, list[Draft]]:
        """Drafts, best first, of the first `most_drafted` briefs that it writes; others have no entry.

        Raises ValueError where a model on this machine cannot be read; an endpoint fails no night.
        """
        config = inputs.rules.config
        wanted = [brief for brief in briefs if self.writes(brief)][: config.most_drafted]
        if not wanted:
            return {}
        made = ChatPrompts(inputs) if self.writer == TUNED else ChatPrompts.of(night, inputs)
        count, examples = (ONE, 0) if self.writer == TUNED else (config.candidates, config.examples_shown)
        prompts = {brief: made.prompt(brief, count, examples) for brief in wanted}
        asked = {brief: prompt for brief, prompt in prompts.items() if prompt.attributes}
        drafts: dict[Brief, list[Draft]] = {brief: [] for brief, prompt in prompts.items() if not prompt.attributes}
        found = (
            self._from_endpoint(night, inputs, asked) if self.writer == ENDPOINT else self._here(night, inputs, asked)
        )
        for brief, texts in found.items():
            drafts[brief] = ranked(texts, asked[brief].values, inputs.rules, brief, self.writer)
        return drafts

    def _here(self, night: Night, inputs: CopyInputs, asked: Mapping[Brief, ChatPrompt]) -> dict[Brief, list[str]]:
        """Texts by the model on Spark's workers; one of them unless a setting says more: each reads the whole model."""
        config = inputs.rules.config
        how: InstructConfig = night.settings.section("instruct")
        load = functools.partial(_opened, how, config.base_model, night.lake.root, self.folder)
        workers = config.draft_workers or 1
        at_once = -(-len(asked) // SHARD)  # all of them: between two waves a worker might be replaced, and read it anew
        return dict(texts_in_shards(night, asked, Work(load, config.candidates, config.seed, workers, max(1, at_once))))

    def _from_endpoint(
        self, night: Night, inputs: CopyInputs, asked: Mapping[Brief, ChatPrompt]
    ) -> dict[Brief, list[str]]:
        config = inputs.rules.config
        endpoint = Endpoint(night, night.settings.section("copy_endpoint"), config.base_model, config.seed)
        answers = endpoint.answers(asked)
        facts = {**endpoint.ledger.facts(), "briefs": len(asked), "without_answer": len(asked) - len(answers)}
        night.report(endpoint={**facts, "stopped": endpoint.stopped})
        night.log.info(
            "endpoint: %d of %d briefs answered, %d of them by earlier runs; %d requests, %d + %d tokens, %.4f %s; %s",
            len(answers), len(asked), facts["answers_of_earlier_runs"], facts["requests"], facts["tokens_read"],
            facts["tokens_written"], facts["cost"], facts["currency"], endpoint.stopped or "nothing stopped it",
        )  # fmt: skip
        return {
            brief: [one.text for one in asked[brief].texts(given, config.candidates)]
            for brief, given in answers.items()
        }


def checkpoint_writer(night: Night, rules: CopyRules) -> CheckpointWriter | None:
    """The writer that the settings name; None for a tuned one that is not trained yet.

    Raises ValueError where `copy.writer` is 'endpoint' and there is no `copy_endpoint.base_url`, or FileNotFoundError
    where no language has a prompt.
    """
    config = rules.config
    words = load_prompts(config.languages, config.languages_folder)
    if not words:
        raise FileNotFoundError(
            f"copy.writer is '{config.writer}', but none of {', '.join(config.languages)} has a prompt.toml; "
            "start from schemas/copywriting/languages/en/prompt.toml"
        )
    for language in config.languages:
        if language not in words:
            night.log.info("'%s' has no prompt.toml, so templates write its texts", language)
    if config.writer == TUNED:
        folder = night.lake.model_before(TUNED_MODEL, night.date, including=True)
        if folder is None:
            return None
        learned = night.lake.get_json(*folder, PROMOTION)[LEARNED]
        return CheckpointWriter(
            "/".join(folder), TUNED, words, frozenset((strategy, channel) for strategy, channel in learned), folder
        )
    how = digest_of(words)
    if config.writer == ENDPOINT:
        endpoint: EndpointConfig = night.settings.section("copy_endpoint")
        if not endpoint.base_url:
            raise ValueError("copy.writer is 'endpoint', but copy_endpoint.base_url is empty; name the endpoint")
        how += endpoint.digest()
    return CheckpointWriter(f"{config.writer} {config.base_model} {how}", config.writer, words)


@functools.lru_cache(maxsize=1)
def _opened(config: InstructConfig, place: str, lake: str, folder: tuple[str, ...]) -> InstructWriter:
    """Read once by each worker process: the checkpoint, or what was tuned of it."""
    from models.instruct.writer import InstructWriter

    take_gpu()
    return load_model(Lake(lake), folder, InstructWriter) if folder else InstructWriter.open(config, place)
