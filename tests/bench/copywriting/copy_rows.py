"""The writers that both copy benches compare: their texts and their rows of figures."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from jobs.runtime.progress import each, progress, say
from models.copywriting.copywriter import Copywriter
from models.copywriting.originality import LearnedRuns
from models.copywriting.prompts import COMPOSER, NETWORK, Candidate, Prompt, Values
from tests.bench.copywriting.copy_gate import Gate
from tests.bench.copywriting.copy_scores import (
    Figures,
    honesty,
    likeness,
    likeness_cut,
    nearest,
    rounded,
    template,
)
from tests.bench.quality import SEED

CANDIDATES = 4
BLIND = 40  # texts of each writer that a person judges
Pairs = list[tuple[Prompt, str]]


class Written(NamedTuple):
    """texts: writer -> its text for each prompt, in order. by_network: the model's texts that the network wrote."""

    texts: dict[str, list[str]]
    by_network: list[bool]
    gate: Gate


def written(writer: Copywriter, train: Pairs, pairs: Pairs) -> Written:
    """The texts of every writer for the prompts of `pairs`.

    `model` is the night's choice: the first candidate that passes the gate, or the first candidate if none passes.
    `network` is the network's best text, whether it passes or not; `network alone` is sampled without any guidance.
    """
    language = pairs[0][0].language
    with progress("the gate's words"):
        gate = Gate([prompt for prompt, _ in (*train, *pairs)], language)
        prompts = [gate.with_banned(prompt) for prompt, _ in pairs]
    cpu = time.process_time()
    with progress("writing", len(prompts), "prompts") as writing:
        drafts = writer.write(prompts, CANDIDATES, SEED, lambda done, tokens: writing.at(done, f"{tokens:,} tokens"))
    say(f"{1000 * (time.process_time() - cpu) / len(prompts):.0f} ms of CPU for each")
    chosen = [_chosen(gate, prompt, candidates) for prompt, candidates in zip(prompts, drafts, strict=True)]
    look_up = nearest([prompt for prompt, _ in train], [text for _, text in train])
    with progress("the network alone", len(prompts), "prompts") as sampling:
        alone = writer.sample(prompts, 1, SEED, lambda done, tokens: sampling.at(done, f"{tokens:,} tokens"))
    texts = {
        "template": [template(prompt) for prompt in prompts],
        "retrieval": [look_up(prompt) for prompt in each("retrieval", prompts, "prompts", None)],
        "network alone": [candidates[0] for candidates in alone],
        "network": [_first(candidates, NETWORK) for candidates in drafts],
        "composer": [_first(candidates, COMPOSER) for candidates in drafts],
        "model": [candidate.text if candidate else "" for candidate in chosen],
        "reference": [text for _, text in pairs],
    }
    return Written(texts, [candidate is not None and candidate.writer == NETWORK for candidate in chosen], gate)


def _chosen(gate: Gate, prompt: Prompt, candidates: Sequence[Candidate]) -> Candidate | None:
    passing = (candidate for candidate in candidates if gate.passes(prompt, candidate.text))
    return next(passing, candidates[0] if candidates else None)


def _first(candidates: Sequence[Candidate], writer: str) -> str:
    return next((candidate.text for candidate in candidates if candidate.writer == writer), "")


def rows_of(done: Written, train: Pairs, pairs: Pairs) -> dict[str, Figures]:
    """The row of figures of each writer; the reference is not compared with itself."""
    prompts, references = [prompt for prompt, _ in pairs], [text for _, text in pairs]
    language = prompts[0].language
    values = Values(value for prompt, _ in train for value in prompt.values)
    with progress("what training texts say word for word"):
        learned = LearnedRuns([text for _, text in train], language)
    shares = {"network alone": 1.0, "network": 1.0, "model": float(np.mean(done.by_network))}
    rows: dict[str, Figures] = {}
    for name in each("scoring", done.texts, "writers"):
        texts = done.texts[name]
        row = {} if name == "reference" else likeness_cut(texts, references, language)
        copied = [learned.copied(text) for text in texts]
        rows[name] = row | honesty(texts, prompts, values) | {
            "verbatim8": float(np.mean([copies.share for copies in copied])),
            "longest_run": float(max(copies.longest for copies in copied)),
            "passes_gate": float(np.mean([done.gate.passes(*pair) for pair in zip(prompts, texts, strict=True)])),
            "network_share": shares.get(name, 0.0),
        }  # fmt: skip
    rows["model, references uncut"] = likeness(done.texts["model"], references, language)
    return rows


def rows_written(writer: Copywriter, train: Pairs, pairs: Pairs, blind: Path | None) -> dict[str, Figures]:
    """Lets every writer write for the prompts, and prints five texts of the model. Returns the rows of figures.

    blind: a file for 40 texts of each writer, which a person will judge.
    """
    done = written(writer, train, pairs)
    if blind:
        write_blind(blind, done, pairs)
    rows = rows_of(done, train, pairs)
    for (prompt, _), text in list(zip(pairs, done.texts["model"], strict=True))[:5]:
        print(" ".join(prompt.values), "->", text)
    return rows


def print_result(rows: dict[str, Figures], short: Sequence[str], writer: Copywriter, seconds: dict[str, float]) -> None:
    """Prints the missed goals, and the last line, which is JSON."""
    print("every goal is met" if not short else "short of the goal: " + "; ".join(short))
    figures = rounded(rows) | {name: round(value) for name, value in seconds.items()}
    print(json.dumps(figures | {"device": str(writer.net.device), "met": not short}))


def write_blind(path: Path, done: Written, pairs: Pairs) -> None:
    """Writes 40 texts of each writer, each with its brief, shuffled and numbered; the key is at the end of the file."""
    rng = np.random.default_rng(SEED)
    texts: list[tuple[str, int, str]] = []
    for name, texts_of_writer in done.texts.items():
        places = [place for place in rng.permutation(len(texts_of_writer)).tolist() if texts_of_writer[place].strip()][
            :BLIND
        ]
        texts += [(name, place, texts_of_writer[place]) for place in places]
    order = rng.permutation(len(texts)).tolist()
    lines = []
    for number, index in enumerate(order, 1):
        _, place, text = texts[index]
        lines.append(f"{number}. [{' '.join(pairs[place][0].values)}]\n   {text}")
    key = [f"{number} {texts[index][0]}" for number, index in enumerate(order, 1)]
    path.write_text("\n".join([*lines, "", "KEY: number and writer", *key, ""]), encoding="utf-8")
    say(f"{len(lines)} texts to judge blind, the key at the end: {path}")
