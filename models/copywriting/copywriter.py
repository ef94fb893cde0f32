"""The copywriter: a Transformer that writes and judges, and the shop's own clauses; facts are left to code.

fit    trains the network on plain text, then on (prompt, text) pairs; figures are slots there, so it knows no digit
write  several candidates for each prompt: sampled by the network, and put together from clauses
       (models/copywriting/composer.py); best first by what a person would write for these attributes, and by how
       natural the network finds it
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from models.copywriting.composer import F64, Clauses, ComposerConfig
from models.copywriting.decoding import write_all
from models.copywriting.network import (
    Example,
    Trainer,
    logprobs,
    merged,
    open_checkpoint,
    plain_examples,
    scratch,
    with_lora,
)
from models.copywriting.prompts import (
    PLACEHOLDER,
    Candidate,
    Prompt,
    masked,
    may_say,
    without_placeholders,
)
from models.copywriting.tokenizer import Coder, needed_tokens, open_tokenizer, train_tokenizer
from models.core.config import check_bounds
from models.core.manifest import read_manifest, write_manifest

__all__ = ["Candidate", "Copywriter", "CopywriterConfig", "Prompt"]
AT_ONCE = 8  # prompts whose forecasts are held
FOREIGN = 1e6  # above every score: a text that names a value of other items stands behind all that do not
Pair = tuple[Prompt, str]
Report = Callable[[str], None]


@dataclass(frozen=True)
class CopywriterConfig:
    """Settings of one training and of the writing after it. Budgets are counts, never minutes: the same inputs
    give the same model on any machine."""

    base_model: str = field(
        default="", metadata={"doc": "a folder or a hub's name, causal or seq2seq; empty: a small one from scratch"}
    )
    lora_above: int = field(default=300_000_000, metadata={"doc": "weights; a larger checkpoint is tuned by LoRA"})
    lora_rank: int = field(default=16, metadata={"least": 1})
    vocabulary: int = field(default=8000, metadata={"doc": "tokens, from scratch", "least": 1})
    dim: int = field(default=128, metadata={"least": 1})
    layers: int = field(default=3, metadata={"least": 1})
    heads: int = field(default=4, metadata={"least": 1})
    length: int = field(
        default=320, metadata={"doc": "tokens of a prompt and its text; what is longer is not learned from", "least": 1}
    )
    plain_characters: int = field(default=300_000, metadata={"doc": "of plain text, once, at most; 0: none"})
    pair_tokens: int = field(
        default=1_500_000,
        metadata={"doc": "of pairs: as many passes as that makes, or as many of the pairs in one", "least": 1},
    )
    most_passes: int = field(default=8, metadata={"least": 1})
    most_pairs: int = field(default=200_000, metadata={"doc": "of those given, the last", "least": 1})
    remembered: int = field(default=20_000, metadata={"doc": "pairs whose clauses are kept, the last", "least": 1})
    batch_tokens: int = field(default=2048, metadata={"least": 1})
    learning_rate: float = field(
        default=2e-3, metadata={"doc": "of a net from scratch; a checkpoint takes a tenth", "above": 0}
    )
    longest: int = field(default=160, metadata={"doc": "tokens written", "least": 1})
    temperature: float = 0.8
    top_k: int = field(default=40, metadata={"least": 1})
    sampled: int = field(
        default=1,
        metadata={
            "doc": "of a prompt's candidates, by the network; as many as are asked for are put together from clauses",
            "least": 1,
        },
    )
    rows: int = field(default=128, metadata={"doc": "texts written at once", "least": 1})
    natural: float = field(
        default=0.1, metadata={"doc": "weight of the network's log-probability beside what is forecast"}
    )
    composer: ComposerConfig = field(default_factory=ComposerConfig)
    seed: int = 7
    threads: int = field(default=2, metadata={"least": 1})
    device: str = field(default="auto", metadata={"doc": "cuda where there is one"})
    bf16: bool = field(default=True, metadata={"doc": "on cuda only"})

    def __post_init__(self) -> None:
        check_bounds(self)
        if self.dim % (2 * self.heads):
            raise ValueError(f"dim must be an even multiple of heads ({self.heads}), not {self.dim}")


class Copywriter:
    """A trained network, its tokens, and the clauses of what it learned from, by language."""

    def __init__(self, config: CopywriterConfig, net: Any, coder: Coder, pairs: Sequence[Pair]) -> None:
        self.config, self.coder, self.pairs = config, coder, list(pairs)
        self.net = net.to(_device(config)).eval()
        self.clauses: dict[str, Clauses] = {}
        for language in sorted({prompt.language for prompt, _ in self.pairs}):
            own = [pair for pair in self.pairs if pair[0].language == language]
            self.clauses[language] = Clauses(config.composer, language, *map(list, zip(*own, strict=True)))

    @classmethod
    def fit(
        cls,
        config: CopywriterConfig,
        texts: Sequence[str],
        pairs: Sequence[Pair],
        checkpoint: str | Path | None = None,
        report: Report | None = None,
    ) -> Copywriter:
        """Learn from plain `texts` (reviews, queries, descriptions) and then from `pairs` (prompt, text).

        With `checkpoint`, a folder, a run that was killed goes on from its last state there; on a CPU the result is
        that of one run. `report` is told lines for a person. Raises ValueError for no pairs, a `base_model` that cannot
        be read or does not fit in memory, or a checkpoint of another run.
        """
        pairs = [(prompt, masked(text)) for prompt, text in list(pairs)[-config.most_pairs :] if text.strip()]
        if not pairs:
            raise ValueError("no pairs of prompt and text: a copywriter cannot be trained; give it described items")
        _set_threads(config)
        texts = _plain_text(config, texts)
        net, coder = _opened(config, texts, pairs)
        plain = plain_examples([[coder.start, *coder.written(text)] for text in texts], config.length)
        known = [Example(coder.prompt(prompt), coder.written(without_placeholders(text, prompt.language)))
                 for prompt, text in pairs]  # fmt: skip
        known = [each for each in known if len(each.read) + len(each.write) <= config.length]
        if report is not None:
            weights = sum(weight.numel() for weight in net.parameters())
            report(f"{weights:,} weights, {len(coder.tokenizer):,} tokens, {len(plain):,} blocks of plain text, "
                   f"{len(known):,} pairs of {sum(len(e.read) + len(e.write) for e in known):,} tokens")  # fmt: skip
        net = net.to(_device(config))
        stages = [("plain text", plain, 1), ("pairs", *_in_budget(config, known))]
        rate = config.learning_rate / (10 if config.base_model else 1)
        trainer = Trainer(dataclasses.replace(config, learning_rate=rate), net, coder.pad, stages)
        trainer.train(Path(checkpoint) if checkpoint is not None else None, report)
        return cls(config, merged(net), coder, pairs[-config.remembered :])

    def write(
        self,
        prompts: Sequence[Prompt],
        candidates: int,
        seed: int,
        on_progress: Callable[[int, int], None] | None = None,
    ) -> list[list[Candidate]]:
        """Up to `candidates` different texts for each prompt, best first; none holds a digit or a slot nobody fills.

        A list is empty where nothing could be said: a prompt without attributes, or in a language never learned. The
        same prompts in the same order give the same with a seed: a clause that earlier prompts used is spared, so that
        a shop's texts differ.
        `on_progress` is told (prompts done, tokens written). Raises ValueError if `candidates` is below 1.
        """
        if candidates < 1:
            raise ValueError(f"candidates must be 1 or more, not {candidates}")
        _set_threads(self.config)
        asked = [at for at, prompt in enumerate(prompts) if prompt.attributes and prompt.language in self.clauses]
        by_network = min(candidates, self.config.sampled)
        whole = [at for at in asked if not prompts[at].length]  # the network stops where it likes
        by_it = self.sample([prompts[at] for at in whole], by_network, seed, on_progress)
        sampled = dict(zip(whole, by_it, strict=True))
        used = {language: np.zeros(len(bank.clauses)) for language, bank in self.clauses.items()}
        found: list[dict[str, float]] = []
        worths = self._forecasts([prompts[at] for at in asked])
        for at, worth in zip(asked, worths, strict=True):
            found.append(
                self._judged(prompts[at], sampled.get(at, []), candidates, seed, used[prompts[at].language], worth)
            )
        places = [(prompts[at], text) for at, texts in zip(asked, found, strict=True) for text in texts]
        natural = iter(self.logprobs(places))
        out: list[list[Candidate]] = [[] for _ in prompts]
        for at, texts in zip(asked, found, strict=True):
            told = [Candidate(text, next(natural)) for text in texts]
            best = sorted(told, key=lambda each: (-texts[each.text] - self.config.natural * each.logprob, each.text))
            out[at] = best[:candidates]
        return out

    def _forecasts(self, prompts: Sequence[Prompt]) -> Iterator[F64]:
        """The forecast of each prompt, some at a time."""
        for low in range(0, len(prompts), AT_ONCE):
            some = prompts[low : low + AT_ONCE]
            told: dict[int, F64] = {}
            for language in {prompt.language for prompt in some}:
                places = [at for at, prompt in enumerate(some) if prompt.language == language]
                worths = self.clauses[language].forecasts([some[at] for at in places])
                told |= dict(zip(places, worths, strict=True))
            yield from (told[at] for at in range(len(some)))

    def _judged(
        self, prompt: Prompt, sampled: list[str], candidates: int, seed: int, used: F64, worth: F64
    ) -> dict[str, float]:
        """Texts put together and those sampled, less what may not be said, with what `Clauses.judge` says of each.

        Those that name a value which the item does not have count only where there are too few others.
        """
        bank = self.clauses[prompt.language]
        texts = bank.compose(prompt, candidates, seed, used, worth)
        texts |= {text: bank.judge(prompt, text, worth) for text in sampled if text and text not in texts}
        texts = {text: score for text, score in texts.items() if may_say(text, prompt)}
        lies = {text: bank.strict * len(bank.values.foreign(text, prompt.values)) for text in texts}
        bound = sorted(lies.values())[:candidates][-1:]
        return {text: score - FOREIGN * lies[text] for text, score in texts.items() if [lies[text]] <= bound}

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
        texts = write_all(self.net, coder, ids, slots, each, self.config, seed, on_progress)
        return [[coder.read(text) for text in own] for own in texts]

    def logprobs(self, places: Sequence[tuple[Prompt, str]]) -> list[float]:
        """Mean log-probability per token (nats) of each text for its prompt."""
        examples = [Example(self.coder.prompt(prompt), self.coder.written(text)) for prompt, text in places]
        # on a CPU small batches, whose logits stay in its cache
        tokens = self.config.batch_tokens * 4 if self.net.device.type == "cuda" else self.config.batch_tokens // 2
        return [float(each) for each in logprobs(self.net, examples, self.coder.pad, tokens, self.config.bf16)]

    def save(self, folder: str | Path) -> None:
        """Write the weights (safetensors), the tokenizer (json), the pairs remembered and manifest.json."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        self.net.save_pretrained(folder / "network")
        self.coder.tokenizer.save_pretrained(folder / "tokenizer")
        with (folder / "pairs.jsonl").open("w", encoding="utf-8") as lines:
            for prompt, text in self.pairs:
                lines.write(json.dumps({"prompt": dataclasses.asdict(prompt), "text": text}, ensure_ascii=False) + "\n")
        sizes = {"tokens": len(self.coder.tokenizer), "pairs": len(self.pairs)}
        write_manifest(folder, "copywriter", self.config, **sizes)

    @classmethod
    def load(cls, folder: str | Path, config: CopywriterConfig | None = None) -> Copywriter:
        """The copywriter that `save` wrote. With `config`, refuse one trained under another.

        Raises FileNotFoundError if nothing is there; ValueError naming the settings that differ, a tokenizer or weights
        that cannot be read, files that disagree, or a network that does not fit in memory. The small files come first.
        """
        folder = Path(folder)
        saved, manifest = read_manifest(folder, CopywriterConfig, config)
        coder = _coder(open_tokenizer(str(folder / "tokenizer"), only_here=True), folder / "tokenizer")
        pairs = _read_pairs(folder / "pairs.jsonl")
        told = len(coder.tokenizer), len(pairs)
        if told != (manifest["tokens"], manifest["pairs"]):
            raise ValueError(f"{folder} holds {told} tokens and pairs, its manifest says {manifest['tokens']} and "
                             f"{manifest['pairs']}; train it again")  # fmt: skip
        net = open_checkpoint(str(folder / "network"), only_here=True, training=False, lora_above=0)
        if net.get_input_embeddings().weight.shape[0] < len(coder.tokenizer):
            raise ValueError(f"{folder}: the network has fewer tokens than its tokenizer ({len(coder.tokenizer)})")
        return cls(saved, net, coder, pairs)


def _device(config: CopywriterConfig) -> str:
    return ("cuda" if torch.cuda.is_available() else "cpu") if config.device == "auto" else config.device


def _set_threads(config: CopywriterConfig) -> None:
    if torch.get_num_threads() != config.threads:
        torch.set_num_threads(config.threads)


def _opened(config: CopywriterConfig, texts: Sequence[str], pairs: Sequence[Pair]) -> tuple[Any, Coder]:
    """A net and its tokens: the checkpoint that the config names, else one from scratch."""
    prompts = [prompt for prompt, _ in pairs]
    if not config.base_model:
        words = [masked(word) for prompt in prompts for pair in prompt.attributes for word in pair]
        seen = [*(text for _, text in pairs), *words, *texts]
        tokenizer = train_tokenizer(seen, prompts, config.vocabulary)
        return scratch(config, len(tokenizer), tokenizer.pad_token_id), Coder(tokenizer)
    here = Path(config.base_model).is_dir()
    tokenizer = open_tokenizer(config.base_model, only_here=here)
    known = len(tokenizer)
    tokenizer.add_special_tokens({"additional_special_tokens": needed_tokens(prompts)})
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token or "<end>"
    net = open_checkpoint(config.base_model, here, training=True, lora_above=config.lora_above)
    net.resize_token_embeddings(len(tokenizer), mean_resizing=False)
    if sum(weight.numel() for weight in net.parameters()) > config.lora_above:
        net = with_lora(net, config.lora_rank, list(range(known, len(tokenizer))) or [tokenizer.pad_token_id])
    return net, _coder(tokenizer, config.base_model)


def _coder(tokenizer: Any, place: str | Path) -> Coder:
    try:
        return Coder(tokenizer)
    except KeyError as missing:
        raise ValueError(f"{place} lacks the token {missing}: no tokenizer of a copywriter; train it again") from None


def _plain_text(config: CopywriterConfig, texts: Sequence[str]) -> list[str]:
    """Texts in seeded order, masked, up to the config's characters; those with a crawl's placeholders are left out."""
    taken: list[str] = []
    left = config.plain_characters
    for at in np.random.default_rng(config.seed).permutation(len(texts)):
        if left <= 0:
            break
        text = masked(texts[at]).strip()
        if text and not PLACEHOLDER.search(text):
            taken.append(text)
            left -= len(text)
    return taken


def _in_budget(config: CopywriterConfig, known: list[Example]) -> tuple[list[Example], int]:
    """Pairs and passes over them that cost about `pair_tokens`: of very many pairs, a seeded part once."""
    sizes = np.array([len(each.read) + len(each.write) for each in known])
    passes = int(min(config.pair_tokens // max(sizes.sum(), 1), config.most_passes))
    if passes >= 1:
        return known, passes
    order = np.random.default_rng(config.seed).permutation(len(known))
    count = int(np.searchsorted(np.cumsum(sizes[order]), config.pair_tokens, side="right"))
    return [known[at] for at in sorted(order[: max(count, 1)])], 1


def _read_pairs(path: Path) -> list[Pair]:
    pairs: list[Pair] = []
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            try:
                told = json.loads(line)
                given = told["prompt"]
                given["attributes"] = tuple((name, value) for name, value in given["attributes"])
                pairs.append((Prompt(**given), told["text"]))
            except (ValueError, KeyError, TypeError) as error:
                raise ValueError(f"{path}, line {number}: {error}; train it again") from None
    return pairs
