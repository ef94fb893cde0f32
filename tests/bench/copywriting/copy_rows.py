"""The writers that both copy benches compare, what each of them wrote, and its row of figures."""

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


def written(writer: Copywriter, train: Pairs, asked: Pairs) -> Written:
    """What every writer writes for the prompts that are asked for.

    `model` is the choice that the night makes: the first candidate that passes the gate, or the first where none does.
    `network` is the network's best text whether it passes or not, `network alone` one sampled without any guidance.
    """
    language = asked[0][0].language
    with progress("the gate's words"):
        gate = Gate([prompt for prompt, _ in (*train, *asked)], language)
        prompts = [gate.with_banned(prompt) for prompt, _ in asked]
    cpu = time.process_time()
    with progress("writing", len(prompts), "prompts") as writing:
        found = writer.write(prompts, CANDIDATES, SEED, lambda done, tokens: writing.at(done, f"{tokens:,} tokens"))
    say(f"{1000 * (time.process_time() - cpu) / len(prompts):.0f} ms of CPU for each")
    chosen = [_chosen(gate, prompt, own) for prompt, own in zip(prompts, found, strict=True)]
    look_up = nearest([prompt for prompt, _ in train], [text for _, text in train])
    with progress("the network alone", len(prompts), "prompts") as sampling:
        alone = writer.sample(prompts, 1, SEED, lambda done, tokens: sampling.at(done, f"{tokens:,} tokens"))
    texts = {
        "template": [template(prompt) for prompt in prompts],
        "retrieval": [look_up(prompt) for prompt in each("retrieval", prompts, "prompts", None)],
        "network alone": [own[0] for own in alone],
        "network": [_first(own, NETWORK) for own in found],
        "composer": [_first(own, COMPOSER) for own in found],
        "model": [one.text if one else "" for one in chosen],
        "reference": [text for _, text in asked],
    }
    return Written(texts, [one is not None and one.writer == NETWORK for one in chosen], gate)


def _chosen(gate: Gate, prompt: Prompt, candidates: Sequence[Candidate]) -> Candidate | None:
    passing = (one for one in candidates if gate.passes(prompt, one.text))
    return next(passing, candidates[0] if candidates else None)


def _first(candidates: Sequence[Candidate], writer: str) -> str:
    return next((one.text for one in candidates if one.writer == writer), "")


def rows_of(done: Written, train: Pairs, asked: Pairs) -> dict[str, Figures]:
    """The row of figures of each writer; the reference has no likeness to itself."""
    prompts, references = [prompt for prompt, _ in asked], [text for _, text in asked]
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
            "verbatim8": float(np.mean([each.share for each in copied])),
            "longest_run": float(max(each.longest for each in copied)),
            "passes_gate": float(np.mean([done.gate.passes(*pair) for pair in zip(prompts, texts, strict=True)])),
            "network_share": shares.get(name, 0.0),
        }  # fmt: skip
    rows["model, references uncut"] = likeness(done.texts["model"], references, language)
    return rows


def rows_written(writer: Copywriter, train: Pairs, asked: Pairs, blind: Path | None) -> dict[str, Figures]:
    """Has every writer write for the prompts, and prints five texts of the model; returns the rows of figures.

    blind: a file for 40 texts of each writer, to be judged by a person.
    """
    done = written(writer, train, asked)
    if blind:
        write_blind(blind, done, asked)
    rows = rows_of(done, train, asked)
    for (prompt, _), text in list(zip(asked, done.texts["model"], strict=True))[:5]:
        print(" ".join(prompt.values), "->", text)
    return rows


def print_result(rows: dict[str, Figures], short: Sequence[str], writer: Copywriter, seconds: dict[str, float]) -> None:
    """Prints the goals that are missed, and the last line, JSON."""
    print("every goal is met" if not short else "short of the goal: " + "; ".join(short))
    figures = rounded(rows) | {name: round(value) for name, value in seconds.items()}
    print(json.dumps(figures | {"device": str(writer.net.device), "met": not short}))


def write_blind(path: Path, done: Written, asked: Pairs) -> None:
    """40 texts of each writer, each with its brief, shuffled and numbered; the last part of the file is the key."""
    rng = np.random.default_rng(SEED)
    texts: list[tuple[str, int, str]] = []
    for name, own in done.texts.items():
        places = [place for place in rng.permutation(len(own)).tolist() if own[place].strip()][:BLIND]
        texts += [(name, place, own[place]) for place in places]
    order = rng.permutation(len(texts)).tolist()
    lines = []
    for number, at in enumerate(order, 1):
        _, place, text = texts[at]
        lines.append(f"{number}. [{' '.join(asked[place][0].values)}]\n   {text}")
    key = [f"{number} {texts[at][0]}" for number, at in enumerate(order, 1)]
    path.write_text("\n".join([*lines, "", "KEY: number and writer", *key, ""]), encoding="utf-8")
    say(f"{len(lines)} texts to judge blind, the key at the end: {path}")
