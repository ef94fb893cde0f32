"""Do voices differ? Readers by voice, texts that two voices share, and whether a classifier can tell voices.

    python -m tests.bench.copywriting.voices [--users 150] [--lake folder]

Three nights of a sample shop are run, or the last night of an existing lake is read. Per language:

- alike: of the texts in a voice other than the default, the share that another voice has word for word for the item.
- accuracy: how often logistic regression over character 2- to 4-grams finds the voice of a text. Words of the item are
  masked, and all texts of an item are in one of five folds, so it can learn how a voice speaks and not what it sells.
  All voices have the same weight, so that guessing scores 1 / voices.

The last line is JSON.
"""

from __future__ import annotations

import argparse
import datetime as dt
import hashlib
import json
import tempfile
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import torch

from jobs.runtime.lake import Lake
from jobs.runtime.progress import each, progress
from jobs.runtime.published import pointed
from schemas.table import Table
from schemas.tables import COPY
from schemas.tables.copywriting import READER_VOICES
from tests.sample import current, make_sample

DEFAULT = "plain"
FOLDS = 5
_BUCKETS = 1 << 13
_STEPS = 60
Row = dict[str, Any]


def of_last_night(lake: Lake, table: Table) -> pa.Table:
    return current(lake, table, dt.date.fromisoformat(pointed(lake)["run"][:10]))


def readers(rows: Sequence[Row]) -> dict[str, tuple[float, Counter[str]]]:
    """Voice -> (its share of the readers, reason -> for how many of these readers it holds)."""
    counts = Counter(row["style"] for row in rows)
    reasons: dict[str, Counter[str]] = defaultdict(Counter)
    for row in rows:
        reasons[row["style"]].update(filter(None, row["reason"].split("; ")))
    return {voice: (count / len(rows), reasons[voice]) for voice, count in counts.most_common()}


def alike(rows: Sequence[Row]) -> tuple[float, Counter[tuple[str, str, str]]]:
    """(share of the voices' texts that another voice has too, their number by strategy, channel and voice)."""
    voices: dict[tuple[str, str, str], set[str]] = defaultdict(set)
    for row in rows:
        voices[row["item_id"], row["channel"], row["text"]].add(row["style"])
    in_own_voice = [row for row in rows if row["style"] != DEFAULT]
    shared = [row for row in in_own_voice if len(voices[row["item_id"], row["channel"], row["text"]]) > 1]
    return len(shared) / max(1, len(in_own_voice)), Counter((r["strategy"], r["channel"], r["style"]) for r in shared)


def masked(row: Row) -> str:
    """The text without the words of its facts: titles, brands, attributes, prices."""
    text = row["text"]
    spans = [(fact["start"], fact["end"]) for fact in json.loads(row["facts"]) if fact["start"] is not None]
    for start, end in sorted(spans, reverse=True):
        text = f"{text[:start]}_{text[end:]}"
    return text


def grams(text: str) -> np.ndarray:
    """(_BUCKETS,) float32: character 2- to 4-grams, hashed, of length 1."""
    counts = np.zeros(_BUCKETS, np.float32)
    for size in (2, 3, 4):
        for start in range(len(text) - size + 1):
            digest = hashlib.blake2b(text[start : start + size].encode(), digest_size=4).digest()
            counts[int.from_bytes(digest) % _BUCKETS] += 1
    return counts / max(1.0, float(np.linalg.norm(counts)))


def accuracy(rows: Sequence[Row]) -> tuple[float, int]:
    """(share of texts whose voice is found, averaged over voices; number of voices); folds are by item."""
    voices = sorted({row["style"] for row in rows})
    vectors = torch.from_numpy(np.stack([grams(masked(row)) for row in rows]))
    voice = torch.tensor([voices.index(row["style"]) for row in rows])
    fold = torch.tensor([hashlib.sha256(row["item_id"].encode()).digest()[0] % FOLDS for row in rows])
    right = torch.zeros(len(rows))
    for fold_held_out in range(FOLDS):
        training = fold != fold_held_out
        model = fitted(vectors[training], voice[training], len(voices))
        right[~training] = (model(vectors[~training]).argmax(1) == voice[~training]).float()
    shares = [right[voice == number].mean().item() for number in range(len(voices))]
    return float(np.mean(shares)), len(voices)


def fitted(vectors: torch.Tensor, voice: torch.Tensor, voices: int) -> torch.nn.Linear:
    """Multinomial logistic regression with a small ridge; all voices have the same weight."""
    model = torch.nn.Linear(vectors.shape[1], voices)
    torch.nn.init.zeros_(model.weight)
    torch.nn.init.zeros_(model.bias)
    weight = 1 / torch.bincount(voice, minlength=voices).clamp(min=1).float()
    search = torch.optim.LBFGS(model.parameters(), max_iter=_STEPS, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        search.zero_grad()
        ridge = 1e-4 * model.weight.square().sum()
        value = torch.nn.functional.cross_entropy(model(vectors), voice, weight) + ridge
        value.backward()
        return value

    search.step(loss)  # type: ignore[no-untyped-call]
    return model


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", type=int, default=150)
    parser.add_argument("--lake", help="read the last night of this lake instead of running nights")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if args.lake:
            lake = Lake(args.lake)
        else:
            with progress(f"nights of a sample shop of {args.users:,} accounts"):
                lake = make_sample(Path(folder), args.users).lake
        reader_voices, copy = (of_last_night(lake, table).to_pylist() for table in (READER_VOICES, COPY))
    readers_of = readers(reader_voices)
    print(f"{len(reader_voices):,} readers; for how many of them each reason holds")
    for voice, (share, reasons) in readers_of.items():
        print(f"  {voice:10}{share:7.1%}  " + "; ".join(f"{reason} {n}" for reason, n in reasons.most_common()))
    result: dict[str, Any] = {"readers": {voice: round(share, 4) for voice, (share, _) in readers_of.items()}}
    for language in each("telling voices apart", sorted({row["language"] for row in copy}), "languages"):
        texts = [row for row in copy if row["language"] == language]
        (share, shared), (told_right, voices) = alike(texts), accuracy(texts)
        print(f"{language}: {len(texts):,} texts, {share:.1%} of the voices' stand in another voice (goal 5 %); "
              f"voices told {told_right:.1%} (guessing {1 / voices:.1%}, goal 70 %)")  # fmt: skip
        for (strategy, channel, voice), count in shared.most_common(8):
            print(f"  shared: {strategy}, {channel}, {voice}: {count}")
        result[language] = {"alike": round(share, 4), "accuracy": round(told_right, 4), "voices": voices}
    print(json.dumps(result, ensure_ascii=False))


if __name__ == "__main__":
    main()
