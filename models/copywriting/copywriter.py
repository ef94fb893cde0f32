"""The copywriter: a network that writes under guidance. It writes no figure, and copies little of what it learned.

fit    trains the network on plain text, then on (prompt, text) pairs; figures are slots there, so it learns no digit
write  offers several candidates for each prompt: the network's own texts (models/copywriting/guided_search.py), best
       first, and after them one that the composer makes of the shop's clauses (models/copywriting/composer.py)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from models.copywriting.composer import F64, Composer
from models.copywriting.copywriter_config import CopywriterConfig, with_new_names
from models.copywriting.decoding import write_texts
from models.copywriting.draft_ranking import overlap, triples
from models.copywriting.examples import plain_examples
from models.copywriting.guided_search import Guide
from models.copywriting.likelihood import logprobs
from models.copywriting.network import open_network, scratch
from models.copywriting.ngrams import LONGEST
from models.copywriting.originality import LearnedRuns
from models.copywriting.prompts import (
    COMPOSER,
    NETWORK,
    Candidate,
    Prompt,
    masked,
    may_say,
    without_placeholders,
)
from models.copywriting.tokenizer import Coder, open_tokenizer, train_tokenizer
from models.copywriting.trainer import Stage, Trainer
from models.copywriting.training_pairs import Pair, in_budget, plain_text, read_pairs, write_pairs
from models.copywriting.value_slots import SlotFrames, filled, slotted, slotted_prompt, values_by_slot
from models.core.manifest import read_manifest, write_manifest
from models.core.on_step import OnStep

__all__ = ["Copywriter", "CopywriterConfig"]
COMPOSED = 4  # texts that the composer tries for a prompt; the first that may be shown is a candidate
MOST_ALIKE = 0.6  # largest share of runs of three characters that two candidates may have in common
Report = Callable[[str], None]


class Copywriter:
    """A trained network with its tokenizer, and a composer for each language of the pairs that it remembers."""

    def __init__(self, config: CopywriterConfig, net: Any, coder: Coder, pairs: Sequence[Pair]) -> None:
        self.config, self.coder, self.pairs = config, coder, list(pairs)
        self.net = net.to(_device(config)).eval()
        self.guides: dict[str, Guide] = {}
        for language in sorted({prompt.language for prompt, _ in self.pairs}):
            language_pairs = [pair for pair in self.pairs if pair[0].language == language]
            prompts, texts = zip(*_learned(config, language_pairs), strict=True)
            composer = Composer.fit(config.composer, language, prompts, texts)
            full_texts = [filled(prompt, text) for (prompt, _), text in zip(language_pairs, texts, strict=True)]
            runs = LearnedRuns(full_texts, language)
            self.guides[language] = Guide(coder, composer, runs, config)

    @classmethod
    def fit(
        cls,
        config: CopywriterConfig,
        texts: Sequence[str],
        pairs: Sequence[Pair],
        checkpoint: str | Path | None = None,
        report: Report | None = None,
        on_step: OnStep | None = None,
    ) -> Copywriter:
        """Learn from plain `texts` (reviews, queries, descriptions), then from `pairs` (prompt, text).

        `checkpoint` is a folder: a run that was killed continues from its last state there. On a CPU the result is the
        same as that of one uninterrupted run. `report` is called with a line for a person to read. Raises ValueError
        for no pairs, or a checkpoint of another run.
        """
        pairs = [(prompt, masked(text)) for prompt, text in list(pairs)[-config.most_pairs :] if text.strip()]
        if not pairs:
            raise ValueError("no pairs of prompt and text: a copywriter cannot be trained; give it described items")
        _set_threads(config)
        texts = plain_text(texts, config.plain_characters, config.seed)
        learned = _learned(config, pairs)
        coder = _new_coder(config, texts, learned)
        net = scratch(config, len(coder.tokenizer), coder.pad)
        plain = plain_examples([[coder.start, *coder.written(text)] for text in texts], config.length)
        examples = [coder.example(prompt, without_placeholders(text, prompt.language)) for prompt, text in learned]
        examples = [example for example in examples if example.size <= config.length]
        if report is not None:
            weights, tokens = (
                sum(weight.numel() for weight in net.parameters()),
                sum(encoded.size for encoded in examples),
            )
            report(
                f"{weights:,} weights, {len(coder.tokenizer):,} tokens, {len(plain):,} blocks of plain text, "
                f"{len(examples):,} pairs of {tokens:,} tokens"
            )
        net = net.to(_device(config))
        chosen, passes = in_budget(
            [encoded.size for encoded in examples], config.pair_tokens, config.most_passes, config.seed
        )
        stages = [Stage("plain text", plain, 1), Stage("pairs", [examples[position] for position in chosen], passes)]
        folder = Path(checkpoint) if checkpoint is not None else None
        Trainer(config, net, coder.pad, coder.tokenizer.unk_token_id, stages, folder, on_step).train()
        return cls(config, net, coder, pairs[-config.remembered :])

    def write(
        self,
        prompts: Sequence[Prompt],
        candidates: int,
        seed: int,
        on_progress: Callable[[int, int], None] | None = None,
    ) -> list[list[Candidate]]:
        """Up to `candidates` different texts for each prompt: the network's, best first, then one of the composer.

        No text holds a digit that no value of the prompt has, a slot that stays empty, a word that the prompt bans, or
        more copied passages than the settings allow. The list is empty for a prompt without attributes, or in a
        language that was never learned. The same prompts in the same order with the same seed give the same texts.
        What the texts of earlier prompts say costs points, so that a shop's texts differ.
        `on_progress` is called with (prompts done, tokens written). Raises ValueError if `candidates` is below 1.
        """
        if candidates < 1:
            raise ValueError(f"candidates must be 1 or more, not {candidates}")
        _set_threads(self.config)
        texts: list[list[Candidate]] = [[] for _ in prompts]
        done = tokens = 0
        for language, guide in self.guides.items():
            positions = [
                position for position, prompt in enumerate(prompts) if prompt.attributes and prompt.language == language
            ]
            night = _Night(self, guide, seed)
            for low in range(0, len(positions), self.config.prompts_at_once):
                batch = positions[low : low + self.config.prompts_at_once]
                batch_texts = night.write([prompts[position] for position in batch], candidates)
                for position, prompt_texts in zip(batch, batch_texts, strict=True):
                    texts[position] = prompt_texts
                done += len(batch)
                tokens += sum(
                    len(self.coder.written(candidate.text))
                    for prompt_texts in batch_texts
                    for candidate in prompt_texts
                )
                if on_progress is not None:
                    on_progress(done, tokens)
        return texts

    def sample(
        self,
        prompts: Sequence[Prompt],
        texts_each: int,
        seed: int,
        on_progress: Callable[[int, int], None] | None = None,
    ) -> list[list[str]]:
        """`texts_each` texts for every prompt by the network alone, unranked."""
        coder = self.coder
        network_prompts = [self.network_prompt(prompt) for prompt in prompts]
        slots = [{coder.slots[value] for value in prompt.values if value in coder.slots} for prompt in network_prompts]
        ids = [coder.prompt(prompt)[-self.config.length :] for prompt in network_prompts]
        texts = write_texts(self.net, coder, ids, slots, texts_each, self.config, seed, on_progress)
        return [
            [filled(prompt, coder.read(text)) for text in prompt_texts]
            for prompt, prompt_texts in zip(prompts, texts, strict=True)
        ]

    def network_prompt(self, prompt: Prompt) -> Prompt:
        """The prompt as the network reads it."""
        return slotted_prompt(prompt) if self.config.value_slots else prompt

    def logprobs(self, pairs: Sequence[Pair]) -> list[float]:
        """Mean log-probability per token (nats) of each text for its prompt."""
        return self.logprobs_learned(_learned(self.config, pairs))

    def logprobs_learned(self, pairs: Sequence[Pair]) -> list[float]:
        """`logprobs` of prompts and texts as the network reads and writes them."""
        examples = [self.coder.example(prompt, text) for prompt, text in pairs]
        # on a CPU small batches are faster: their logits stay in the CPU's cache
        tokens = self.config.batch_tokens * 4 if self.net.device.type == "cuda" else self.config.batch_tokens // 2
        return logprobs(self.net, examples, self.coder.pad, tokens, self.config.bf16).tolist()

    def save(self, folder: str | Path) -> None:
        """Write the weights (safetensors), the tokenizer, the remembered pairs (JSON lines) and manifest.json."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        self.net.save_pretrained(folder / "network")
        self.coder.tokenizer.save_pretrained(folder / "tokenizer")
        write_pairs(folder / "pairs.jsonl", self.pairs)
        sizes = {"tokens": len(self.coder.tokenizer), "pairs": len(self.pairs)}
        write_manifest(folder, "copywriter", self.config, **sizes)

    @classmethod
    def load(cls, folder: str | Path, config: CopywriterConfig | None = None) -> Copywriter:
        """The copywriter that `save` wrote. With `config`, a copywriter of other settings is refused.

        Raises FileNotFoundError if the folder holds none; ValueError naming the settings that differ, for a tokenizer
        or weights that cannot be read, or for files that disagree. The small files are read first.
        """
        folder = Path(folder)
        saved, manifest = read_manifest(folder, CopywriterConfig, config, with_new_names)
        coder = _coder(folder / "tokenizer")
        pairs = read_pairs(folder / "pairs.jsonl")
        if (len(coder.tokenizer), len(pairs)) != (manifest["tokens"], manifest["pairs"]):
            raise ValueError(
                f"{folder} holds {len(coder.tokenizer)} tokens and {len(pairs)} pairs, its manifest says "
                f"{manifest['tokens']} and {manifest['pairs']}; train it again"
            )
        net = open_network(folder / "network")
        if net.get_input_embeddings().weight.shape[0] < len(coder.tokenizer):
            raise ValueError(
                f"{folder}: the network has fewer tokens than its tokenizer ({len(coder.tokenizer)}); train it again"
            )
        return cls(saved, net, coder, pairs)


class _Night:
    """Writes texts of one language, some prompts at a time; the texts of earlier prompts are uses for later ones."""

    def __init__(self, writer: Copywriter, guide: Guide, seed: int) -> None:
        self.writer, self.guide, self.composer, self.seed = writer, guide, guide.composer, seed
        self.gram_uses = np.zeros(len(self.composer.index.grams))
        self.clause_uses = np.zeros(len(self.composer.index.clauses))
        self.is_long = self.composer.index.grams.orders == LONGEST - 1
        learned = _learned(writer.config, writer.pairs) if writer.config.value_slots else []
        language = self.composer.language
        self.frames = SlotFrames((text for prompt, text in learned if prompt.language == language), language)

    def write(self, originals: Sequence[Prompt], candidates: int) -> list[list[Candidate]]:
        prompts = [self.writer.network_prompt(prompt) for prompt in originals]
        self.originals = dict(zip(prompts, originals, strict=True))
        worth = self.composer.forecast.worth(prompts)
        values = [values_by_slot(prompt) for prompt in originals] if self.writer.config.value_slots else []
        written = self.guide.write(self.writer.net, prompts, worth, self.gram_uses * self.is_long, self.seed, values)
        chosen: list[list[tuple[str, str]]] = []
        for prompt, prompt_worth, texts in zip(prompts, worth, written, strict=True):
            composed = self._composed(prompt, prompt_worth)
            network = self._different(
                prompt, [self.frames.kept(draft.text) for draft in texts], max(candidates - len(composed), 1)
            )
            chosen.append(
                [*((text, NETWORK) for text in network), *((text, COMPOSER) for text in composed)][:candidates]
            )
            if chosen[-1]:
                self.gram_uses[self.composer.index.grams.of(chosen[-1][0][0])] += 1
        pairs = [
            (prompt, text) for prompt, prompt_texts in zip(prompts, chosen, strict=True) for text, _ in prompt_texts
        ]
        likelihoods = iter(self.writer.logprobs_learned(pairs))
        return [
            [Candidate(filled(prompt, text), next(likelihoods), writer) for text, writer in prompt_texts]
            for prompt, prompt_texts in zip(originals, chosen, strict=True)
        ]

    def _composed(self, prompt: Prompt, worth: F64) -> list[str]:
        """The best composed text that may be shown, if there is one; none if there are value slots."""
        if self.writer.config.value_slots:
            return []
        for composed in self.composer.compose(prompt, COMPOSED, self.seed, self.clause_uses, worth):
            if self._may_show(prompt, composed.text):
                self.clause_uses[composed.clauses] += 1
                return [composed.text]
        return []

    def _different(self, prompt: Prompt, texts: Sequence[str], most: int) -> list[str]:
        """The best texts that may be shown, without texts that are nearly the same as a better one."""
        chosen: list[str] = []
        for text in texts:
            if len(chosen) == most:
                break
            alike = max((overlap(triples(text), triples(other)) for other in chosen), default=0.0)
            if alike <= MOST_ALIKE and self._may_show(prompt, text):
                chosen.append(text)
        return chosen

    def _may_show(self, prompt: Prompt, text: str) -> bool:
        original = self.originals[prompt]
        shown = filled(original, text)
        is_allowed = bool(text) and may_say(text, prompt) and self.guide.is_original(shown)
        return is_allowed and self.guide.words(original).may_say("", shown)


def _learned(config: CopywriterConfig, pairs: Sequence[Pair]) -> list[Pair]:
    """The pairs as the network learns them."""
    return [slotted(*pair) for pair in pairs] if config.value_slots else list(pairs)


def _device(config: CopywriterConfig) -> str:
    return ("cuda" if torch.cuda.is_available() else "cpu") if config.device == "auto" else config.device


def _set_threads(config: CopywriterConfig) -> None:
    if torch.get_num_threads() != config.threads:
        torch.set_num_threads(config.threads)


def _new_coder(config: CopywriterConfig, texts: Sequence[str], pairs: Sequence[Pair]) -> Coder:
    """A tokenizer learned from the plain texts and the pairs."""
    prompts = [prompt for prompt, _ in pairs]
    words = [masked(word) for prompt in prompts for pair in prompt.attributes for word in pair]
    return Coder(train_tokenizer([*(text for _, text in pairs), *words, *texts], prompts, config.vocabulary))


def _coder(folder: Path) -> Coder:
    try:
        return Coder(open_tokenizer(folder))
    except KeyError as missing:
        raise ValueError(
            f"{folder} lacks the token {missing}, so it is no copywriter's tokenizer; train it again"
        ) from None
