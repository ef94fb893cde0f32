"""Drafts by a pretrained instruct model: prompted or tuned on our own machines, or behind an endpoint.

All three get the same messages (chat_prompts.py), and their drafts are checked like all others.
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

TUNED_MODEL = "tuned_copywriter"  # its folder in models/; not the network's, so that a shop can go back to the network
ONE = 1  # texts that a prompt asks a tuned model for, as in its training


@dataclass(frozen=True)
class CheckpointWriter:
    """The instruct model that `copy.base_model` names, used as `copy.writer` says.

    name: its name in column `model` of COPY; when it changes, briefs are drafted again. words: the prompt of each
    language that has one. learned: (strategy, channel) pairs that a tuned model writes; None where it was not tuned.
    folder: where the tuned model's adapters are.
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
        chosen = [brief for brief in briefs if self.writes(brief)][: config.most_drafted]
        if not chosen:
            return {}
        chat_prompts = ChatPrompts(inputs) if self.writer == TUNED else ChatPrompts.of(night, inputs)
        count, examples = (ONE, 0) if self.writer == TUNED else (config.candidates, config.examples_shown)
        prompts = {brief: chat_prompts.prompt(brief, count, examples) for brief in chosen}
        answerable = {brief: prompt for brief, prompt in prompts.items() if prompt.attributes}
        drafts: dict[Brief, list[Draft]] = {brief: [] for brief, prompt in prompts.items() if not prompt.attributes}
        answers = (
            self._from_endpoint(night, inputs, answerable)
            if self.writer == ENDPOINT
            else self._here(night, inputs, answerable)
        )
        for brief, texts in answers.items():
            drafts[brief] = ranked(texts, answerable[brief].values, inputs.rules, brief, self.writer)
        return drafts

    def _here(self, night: Night, inputs: CopyInputs, prompts: Mapping[Brief, ChatPrompt]) -> dict[Brief, list[str]]:
        """Texts by the model on Spark's workers. By default one worker writes, since each one reads the whole model."""
        config = inputs.rules.config
        instruct: InstructConfig = night.settings.section("instruct")
        load = functools.partial(_opened, instruct, config.base_model, night.lake.root, self.folder)
        workers = config.draft_workers or 1
        at_once = -(-len(prompts) // SHARD)  # all shards: after a wave, Spark may start new workers, which read it anew
        return dict(
            texts_in_shards(night, prompts, Work(load, config.candidates, config.seed, workers, max(1, at_once)))
        )

    def _from_endpoint(
        self, night: Night, inputs: CopyInputs, prompts: Mapping[Brief, ChatPrompt]
    ) -> dict[Brief, list[str]]:
        config = inputs.rules.config
        endpoint = Endpoint(night, night.settings.section("copy_endpoint"), config.base_model, config.seed)
        answers = endpoint.answers(prompts)
        facts = {**endpoint.ledger.facts(), "briefs": len(prompts), "without_answer": len(prompts) - len(answers)}
        night.report(endpoint={**facts, "stopped": endpoint.stopped})
        night.log.info(
            "endpoint: %d of %d briefs answered, %d of them by earlier runs; %d requests, %d + %d tokens, %.4f %s; %s",
            len(answers), len(prompts), facts["answers_of_earlier_runs"], facts["requests"], facts["tokens_read"],
            facts["tokens_written"], facts["cost"], facts["currency"], endpoint.stopped or "nothing stopped it",
        )  # fmt: skip
        return {
            brief: [candidate.text for candidate in prompts[brief].texts(brief_answers, config.candidates)]
            for brief, brief_answers in answers.items()
        }


def checkpoint_writer(night: Night, rules: CopyRules) -> CheckpointWriter | None:
    """The writer that the settings name; None for a tuned writer that is not trained yet.

    Raises ValueError where `copy.writer` is 'endpoint' and `copy_endpoint.base_url` is empty, or FileNotFoundError
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
    version = digest_of(words)
    if config.writer == ENDPOINT:
        endpoint: EndpointConfig = night.settings.section("copy_endpoint")
        if not endpoint.base_url:
            raise ValueError("copy.writer is 'endpoint', but copy_endpoint.base_url is empty; name the endpoint")
        version += endpoint.digest()
    return CheckpointWriter(f"{config.writer} {config.base_model} {version}", config.writer, words)


@functools.lru_cache(maxsize=1)
def _opened(config: InstructConfig, checkpoint: str, root: str, folder: tuple[str, ...]) -> InstructWriter:
    """The checkpoint, or the tuned model; each worker process reads it only once."""
    from models.instruct.writer import InstructWriter

    take_gpu()
    return load_model(Lake(root), folder, InstructWriter) if folder else InstructWriter.open(config, checkpoint)
