"""Chinese copy from attributes, beside ChatGLM's published figures: template, retrieval, the network alone, the model.

    python -m tests.bench.copywriting.copy_zh --data ../shared/data/advertisegen [--validate]

DATA holds `train*.jsonl` and `dev.jsonl`, lines of {"content": "name#value*name#value", "summary": text}. The
copywriter learns from the training pairs and, as plain text, from the parquet files of folders named zh_* beside DATA.
The first candidate of `Copywriter.write` is scored. `--validate` holds out a tenth of the training pairs instead of
reading dev; all settings were chosen there. Progress goes to stderr, the last line is JSON.
"""

from __future__ import annotations

import argparse
import json
import time
import zlib
from pathlib import Path

import pyarrow.parquet as pq

from models.copywriting.copywriter import Copywriter, CopywriterConfig
from models.copywriting.prompts import Prompt, Values
from tests.bench.copywriting.copy_scores import (
    Figures,
    honesty,
    judged,
    likeness,
    nearest,
    say,
    show,
    template,
)
from tests.bench.quality import SEED

CANDIDATES = 4
ANCHORS = {
    "published: ChatGLM-6B finetuned": (8.01, 31.23, 7.36, 25.08, None, None, None),
    "published: ChatGLM-6B p-tuning v2": (8.10, 31.12, 7.11, 24.97, None, None, None),
    "anchor: template, references uncut": (5.43, 29.59, 6.96, 23.26, 1.000, 0.110, None),
    "anchor: nearest, references uncut": (6.52, 22.68, 5.32, 22.24, 0.539, 0.432, None),
}
GOAL = {"bleu4": 8.1, "rougeL": 25.1, "coverage": 0.86, "distinct4": 0.43}
Pairs = list[tuple[Prompt, str]]


def read_pairs(path: Path) -> Pairs:
    """The pairs of a file. Raises SystemExit naming the line that has none."""
    pairs: Pairs = []
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            try:
                row = json.loads(line)
                parts = [part.split("#", 1) for part in row["content"].split("*")]
                pairs.append((Prompt("zh", attributes=tuple((name, value) for name, value in parts)), row["summary"]))
            except (ValueError, KeyError) as error:
                raise SystemExit(f"{path}, line {number}: expected content and summary ({error})") from None
    return pairs


def read(data: Path, validate: bool) -> tuple[Pairs, Pairs]:
    """Pairs to learn from and pairs to be scored."""
    train = [pair for path in sorted(data.glob("train*.jsonl")) for pair in read_pairs(path)]
    if not train or not (data / "dev.jsonl").is_file():
        raise SystemExit(f"{data} must hold train*.jsonl and dev.jsonl, lines with content and summary")
    if not validate:
        return train, read_pairs(data / "dev.jsonl")
    held = [zlib.crc32(repr(prompt.attributes).encode()) % 10 == 0 for prompt, _ in train]
    return [p for p, h in zip(train, held, strict=True) if not h], [p for p, h in zip(train, held, strict=True) if h]


def plain_text(data: Path) -> list[str]:
    """The longest text column of every parquet file in folders zh_* beside `data`."""
    texts: list[str] = []
    for path in sorted(data.resolve().parent.glob("zh_*/*.parquet")):
        table = pq.read_table(path)
        columns = [table[name].to_pylist() for name in table.column_names if "string" in str(table[name].type)]
        longest = max(columns, key=lambda column: sum(len(text or "") for text in column), default=[])
        texts += [text for text in longest if text]
    return texts


def scored(writer: Copywriter, train: Pairs, asked: Pairs) -> dict[str, Figures]:
    prompts, references = [p for p, _ in asked], [text for _, text in asked]
    values = Values(value for prompt, _ in train for value in prompt.values)
    started = time.monotonic()
    chosen = [found[0].text if found else "" for found in writer.write(prompts, CANDIDATES, SEED, say_progress)]
    say(f"  {len(prompts)} prompts written in {time.monotonic() - started:.0f} s")
    look_up = nearest([p for p, _ in train], [text for _, text in train])
    written = {
        "template": [template(prompt) for prompt in prompts],
        "retrieval": [look_up(prompt) for prompt in prompts],
        "network alone": [own[0] for own in writer.sample(prompts, 1, SEED)],
        "model": chosen,
    }
    rows = {}
    for name, texts in written.items():
        rows[name] = judged(texts, references, prompts, values)
        say(f"  scored {name}")
    rows["model, references uncut"] = likeness(chosen, references, "zh") | honesty(chosen, prompts, values)
    rows["reference"] = honesty(references, prompts, values)
    for prompt, text in list(zip(prompts, chosen, strict=True))[:5]:
        print(" ".join(prompt.values), "->", text)
    return rows


def say_progress(done: int, tokens: int) -> None:
    say(f"  {done} prompts sampled, {tokens:,} tokens")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--validate", action="store_true")
    parser.add_argument("--checkpoint", type=Path, help="folder from which a stopped training goes on")
    parser.add_argument("--train-only", action="store_true", help="leave the state in --checkpoint and stop")
    parser.add_argument("--threads", type=int, default=2)
    asked = parser.parse_args()
    started = time.monotonic()
    train, test = read(asked.data, asked.validate)
    config = CopywriterConfig(threads=asked.threads)
    writer = Copywriter.fit(config, plain_text(asked.data), train, asked.checkpoint, lambda line: say("  " + line))
    trained = time.monotonic() - started
    if asked.train_only:
        return say(f"  trained in {trained:.0f} s; run it again without --train-only")
    say(f"  trained in {trained:.0f} s")
    rows = scored(writer, train, test)
    show(f"{asked.data.name}: {len(train):,} pairs learned from, {len(test):,} written; on {writer.net.device}",
         rows, ANCHORS)  # fmt: skip
    missed = [name for name, goal in GOAL.items() if rows["model"][name] < goal]
    missed += ["unsupported"] if rows["model"]["unsupported"] > rows["reference"]["unsupported"] else []
    print("every goal is met" if not missed else "short of the goal: " + ", ".join(missed))
    rows["network_alone"], rows["model_uncut"] = rows.pop("network alone"), rows.pop("model, references uncut")
    figures = {name: {key: round(value, 4) for key, value in row.items()} for name, row in rows.items()}
    seconds = {"seconds": round(time.monotonic() - started), "trained_seconds": round(trained)}
    print(json.dumps(figures | seconds | {"device": str(writer.net.device), "met": not missed}))


if __name__ == "__main__":
    main()
