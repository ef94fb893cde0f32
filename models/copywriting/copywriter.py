"""The copywriter: a Transformer and a composer of the shop's own clauses; neither writes a figure.

fit    trains the network on plain text, then on (prompt, text) pairs; figures are slots there, so it learns no digit
write  offers several candidates for each prompt: some are sampled by the network, others composed from clauses
       (models/copywriting/composer.py); they are ranked by the composer's score and the network's log-probability
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from models.copywriting.composer import F64, Composer
from models.copywriting.copywriter_config import CopywriterConfig, with_new_names
from models.copywriting.decoding import write_texts
from models.copywriting.examples import plain_examples
from models.copywriting.likelihood import logprobs
from models.copywriting.network import merged, open_checkpoint, scratch, with_lora
from models.copywriting.prompts import (
    Candidate,
    Prompt,
    masked,
    may_say,
    without_placeholders,
)
from models.copywriting.tokenizer import Coder, needed_tokens, open_tokenizer, train_tokenizer
from models.copywriting.trainer import Stage, Trainer
from models.copywriting.training_pairs import Pair, in_budget, plain_text, read_pairs, write_pairs
from models.core.manifest import read_manifest, write_manifest

__all__ = ["Copywriter", "CopywriterConfig"]
AT_ONCE = 8  # prompts whose forecasts are held in memory together
FOREIGN = 1e6  # points, more than any score: texts that name a value of other items rank below all that do not
Report = Callable[[str], None]


class Copywriter:
    """A trained network with its tokenizer, and a composer for each language of the pairs that it remembers."""

    def __init__(self, config: CopywriterConfig, net: Any, coder: Coder, pairs: Sequence[Pair]) -> None:
        self.config, self.coder, self.pairs = config, coder, list(pairs)
        self.net = net.to(_device(config)).eval()
        self.composers: dict[str, Composer] = {}
        for language in sorted({prompt.language for prompt, _ in self.pairs}):
            prompts, texts = zip(*[pair for pair in self.pairs if pair[0].language == language], strict=True)
            self.composers[language] = Composer.fit(config.composer, language, prompts, texts)

    @classmethod
    def fit(
        cls,
        config: CopywriterConfig,
        texts: Sequence[str],
        pairs: Sequence[Pair],
        checkpoint: str | Path | None = None,
        report: Report | None = None,
    ) -> Copywriter:
        """Learn from plain `texts` (reviews, queries, descriptions), then from `pairs` (prompt, text).

        With `checkpoint`, a folder, a run that was killed goes on from its last state there; on a CPU the result is
        that of one run. `report` is given lines for a person to read. Raises ValueError for no pairs, a `base_model`
        that cannot be read or does not fit in memory, or a checkpoint of another run.
        """
        pairs = [(prompt, masked(text)) for prompt, text in list(pairs)[-config.most_pairs :] if text.strip()]
        if not pairs:
            raise ValueError("no pairs of prompt and text: a copywriter cannot be trained; give it described items")
        _set_threads(config)
        texts = plain_text(texts, config.plain_characters, config.seed)
        net, coder = _network_and_coder(config, texts, pairs)
        plain = plain_examples([[coder.start, *coder.written(text)] for text in texts], config.length)
        examples = [coder.example(prompt, without_placeholders(text, prompt.language)) for prompt, text in pairs]
        examples = [example for example in examples if example.size <= config.length]
        if report is not None:
            weights, tokens = sum(weight.numel() for weight in net.parameters()), sum(each.size for each in examples)
            report(
                f"{weights:,} weights, {len(coder.tokenizer):,} tokens, {len(plain):,} blocks of plain text, "
                f"{len(examples):,} pairs of {tokens:,} tokens"
            )
        net = net.to(_device(config))
        chosen, passes = in_budget(
            [each.size for each in examples], config.pair_tokens, config.most_passes, config.seed
        )
        stages = [Stage("plain text", plain, 1), Stage("pairs", [examples[place] for place in chosen], passes)]
        rate = config.learning_rate / (10 if config.base_model else 1)
        folder = Path(checkpoint) if checkpoint is not None else None
        Trainer(dataclasses.replace(config, learning_rate=rate), net, coder.pad, stages, folder, report).train()
        return cls(config, merged(net), coder, pairs[-config.remembered :])

    def write(
        self,
        prompts: Sequence[Prompt],
        candidates: int,
        seed: int,
        on_progress: Callable[[int, int], None] | None = None,
    ) -> list[list[Candidate]]:
        """Up to `candidates` different texts for each prompt, best first; none holds a digit or a slot nobody fills.

        The list is empty for a prompt without attributes, or in a language that was never learned. The same prompts in
        the same order give the same texts with a seed: clauses that earlier prompts used cost points, so that a shop's
        texts differ.
        `on_progress` is called with (prompts done, tokens written). Raises ValueError if `candidates` is below 1.
        """
        if candidates < 1:
            raise ValueError(f"candidates must be 1 or more, not {candidates}")
        _set_threads(self.config)
        asked = [at for at, prompt in enumerate(prompts) if prompt.attributes and prompt.language in self.composers]
        sampled = self._sampled(prompts, asked, min(candidates, self.config.sampled), seed, on_progress)
        scored = self._scored([prompts[at] for at in asked], [sampled.get(at, []) for at in asked], candidates, seed)
        texts = [(prompts[at], text) for at, scores in zip(asked, scored, strict=True) for text in scores]
        natural = iter(self.logprobs(texts))
        out: list[list[Candidate]] = [[] for _ in prompts]
        for at, scores in zip(asked, scored, strict=True):
            found = [Candidate(text, next(natural)) for text in scores]
            found.sort(key=lambda each: (-scores[each.text] - self.config.natural * each.logprob, each.text))
            out[at] = found[:candidates]
        return out

    def _sampled(
        self,
        prompts: Sequence[Prompt],
        asked: Sequence[int],
        each: int,
        seed: int,
        on_progress: Callable[[int, int], None] | None,
    ) -> dict[int, list[str]]:
        """Texts by the network for those of the prompts `asked` that ask for no length: it stops where it likes."""
        free = [at for at in asked if not prompts[at].length]
        return dict(zip(free, self.sample([prompts[at] for at in free], each, seed, on_progress), strict=True))

    def _scored(
        self, prompts: Sequence[Prompt], sampled: Sequence[list[str]], candidates: int, seed: int
    ) -> list[dict[str, float]]:
        """The texts composed and sampled for each prompt, with their scores. One prompt after the other: the clauses of
        its best composed text count as used for those after it."""
        uses = {language: np.zeros(len(composer.index.clauses)) for language, composer in self.composers.items()}
        scored: list[dict[str, float]] = []
        for prompt, texts, worth in zip(prompts, sampled, self._forecasts(prompts), strict=True):
            composer = self.composers[prompt.language]
            composed = composer.compose(prompt, candidates, seed, uses[prompt.language], worth)
            if composed:
                uses[prompt.language][composed[0].clauses] += 1
            scores = {text: score for text, score, _ in composed}
            scores |= {text: composer.score(prompt, text, worth) for text in texts if text and text not in scores}
            scored.append(_allowed(composer, prompt, scores, candidates))
        return scored

    def _forecasts(self, prompts: Sequence[Prompt]) -> Iterator[F64]:
        """The forecast of each prompt, made for some prompts at a time: one forecast is large."""
        for low in range(0, len(prompts), AT_ONCE):
            some = prompts[low : low + AT_ONCE]
            forecasts: dict[int, F64] = {}
            for language in {prompt.language for prompt in some}:
                rows = [row for row, prompt in enumerate(some) if prompt.language == language]
                worths = self.composers[language].forecast.worth([some[row] for row in rows])
                forecasts |= dict(zip(rows, worths, strict=True))
            yield from (forecasts[row] for row in range(len(some)))

    def sample(
        self,
        prompts: Sequence[Prompt],
        each: int,
        seed: int,
        on_progress: Callable[[int, int], None] | None = None,
    ) -> list[list[str]]:
        """`each` texts for every prompt by the network alone, unranked."""
        coder = self.coder
        slots = [{coder.slots[value] for value in prompt.values if value in coder.slots} for prompt in prompts]
        ids = [coder.prompt(prompt)[-self.config.length :] for prompt in prompts]
        texts = write_texts(self.net, coder, ids, slots, each, self.config, seed, on_progress)
        return [[coder.read(text) for text in of_prompt] for of_prompt in texts]

    def logprobs(self, pairs: Sequence[Pair]) -> list[float]:
        """Mean log-probability per token (nats) of each text for its prompt."""
        examples = [self.coder.example(prompt, text) for prompt, text in pairs]
        # on a CPU small batches are faster: their logits stay in its cache
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
        """The copywriter that `save` wrote. With `config`, one that was trained under other settings is refused.

        Raises FileNotFoundError if the folder holds none; ValueError naming the settings that differ, for a tokenizer
        or weights that cannot be read, for files that disagree, or for a network that does not fit in memory. The small
        files are read first.
        """
        folder = Path(folder)
        saved, manifest = read_manifest(folder, CopywriterConfig, config, with_new_names)
        coder = _coder(open_tokenizer(str(folder / "tokenizer"), only_here=True), folder / "tokenizer")
        pairs = read_pairs(folder / "pairs.jsonl")
        if (len(coder.tokenizer), len(pairs)) != (manifest["tokens"], manifest["pairs"]):
            raise ValueError(
                f"{folder} holds {len(coder.tokenizer)} tokens and {len(pairs)} pairs, its manifest says "
                f"{manifest['tokens']} and {manifest['pairs']}; train it again"
            )
        net = open_checkpoint(str(folder / "network"), only_here=True, training=False, lora_above=0)
        if net.get_input_embeddings().weight.shape[0] < len(coder.tokenizer):
            raise ValueError(f"{folder}: the network has fewer tokens than its tokenizer ({len(coder.tokenizer)})")
        return cls(saved, net, coder, pairs)


def _allowed(composer: Composer, prompt: Prompt, scores: dict[str, float], candidates: int) -> dict[str, float]:
    """The texts that may be said, with their scores.

    A text that names values which the item lacks is kept only where fewer than `candidates` texts name fewer of them;
    its score is then below that of every text that does.
    """
    scores = {text: score for text, score in scores.items() if may_say(text, prompt)}
    index = composer.index
    foreign = {text: index.values_are_claims * len(index.values.foreign(text, prompt.values)) for text in scores}
    most = max(sorted(foreign.values())[:candidates], default=0)
    return {text: score - FOREIGN * foreign[text] for text, score in scores.items() if foreign[text] <= most}


def _device(config: CopywriterConfig) -> str:
    return ("cuda" if torch.cuda.is_available() else "cpu") if config.device == "auto" else config.device


def _set_threads(config: CopywriterConfig) -> None:
    if torch.get_num_threads() != config.threads:
        torch.set_num_threads(config.threads)


def _network_and_coder(config: CopywriterConfig, texts: Sequence[str], pairs: Sequence[Pair]) -> tuple[Any, Coder]:
    """The network and tokenizer of the checkpoint that the config names; if it names none, new ones."""
    prompts = [prompt for prompt, _ in pairs]
    if not config.base_model:
        words = [masked(word) for prompt in prompts for pair in prompt.attributes for word in pair]
        tokenizer = train_tokenizer([*(text for _, text in pairs), *words, *texts], prompts, config.vocabulary)
        return scratch(config, len(tokenizer), tokenizer.pad_token_id), Coder(tokenizer)
    is_folder = Path(config.base_model).is_dir()
    tokenizer = open_tokenizer(config.base_model, only_here=is_folder)
    known_tokens = len(tokenizer)
    tokenizer.add_special_tokens({"additional_special_tokens": needed_tokens(prompts)})
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token or "<end>"
    net = open_checkpoint(config.base_model, is_folder, training=True, lora_above=config.lora_above)
    net.resize_token_embeddings(len(tokenizer), mean_resizing=False)
    if sum(weight.numel() for weight in net.parameters()) > config.lora_above:
        new_tokens = list(range(known_tokens, len(tokenizer))) or [tokenizer.pad_token_id]
        net = with_lora(net, config.lora_rank, new_tokens)
    return net, _coder(tokenizer, config.base_model)


def _coder(tokenizer: Any, place: str | Path) -> Coder:
    try:
        return Coder(tokenizer)
    except KeyError as missing:
        raise ValueError(
            f"{place} lacks the token {missing}, so it is no copywriter's tokenizer; train it again"
        ) from None
