"""Chinese copy from attributes, compared with ChatGLM's published figures: by each writer, the night's model, people.

    python -m tests.bench.copywriting.copy_zh --data ../shared/data/advertisegen [--validate] [--blind texts.txt]

DATA holds `train*.jsonl` and `dev.jsonl`, lines of {"content": "name#value*name#value", "summary": text}. The
copywriter learns from the training pairs and, as plain text, from the parquet files of folders named zh_* beside DATA.
Writers: `copy_rows`; figures: `copy_scores`. `--validate` holds out a tenth of the training pairs instead of
reading dev; all settings were chosen on that tenth. `--blind` writes 40 texts of each writer to a file, shuffled, with
the key at its end. Progress goes to stderr, the last line is JSON.
"""

from __future__ import annotations

import argparse
import json
import time
import zlib
from pathlib import Path

import pyarrow.parquet as pq

from jobs.runtime.progress import progress, say
from models.copywriting.copywriter import Copywriter, CopywriterConfig
from models.copywriting.prompts import Prompt
from tests.bench.copywriting.copy_rows import Pairs, print_result, rows_written
from tests.bench.copywriting.copy_scores import LIKENESS, missed, show

PUBLISHED = {
    "published: ChatGLM-6B finetuned": (8.01, 31.23, 7.36, 25.08),
    "published: ChatGLM-6B p-tuning v2": (8.10, 31.12, 7.11, 24.97),
    "anchor: template, references uncut": (5.43, 29.59, 6.96, 23.26),
    "anchor: nearest, references uncut": (6.52, 22.68, 5.32, 22.24),
}
AT_LEAST = {"bleu4": 8.1, "rougeL": 25.1, "coverage": 0.86, "distinct4": 0.43, "passes_gate": 0.6, "network_share": 0.5}
AT_MOST = {"verbatim8": 0.08, "longest_run": 20.0}
ANCHORS = {name: dict(zip(LIKENESS, row, strict=True)) for name, row in PUBLISHED.items()}
ANCHORS |= {"goal of model: at least": AT_LEAST, "goal of model: at most": AT_MOST}


def read_pairs(path: Path) -> Pairs:
    """The pairs of a file. Raises SystemExit naming a line that has no pair."""
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
    """(training set, pairs to score)."""
    train = [pair for path in sorted(data.glob("train*.jsonl")) for pair in read_pairs(path)]
    if not train or not (data / "dev.jsonl").is_file():
        raise SystemExit(f"{data} must hold train*.jsonl and dev.jsonl, lines with content and summary")
    if not validate:
        return train, read_pairs(data / "dev.jsonl")
    hold_out = [zlib.crc32(repr(prompt.attributes).encode()) % 10 == 0 for prompt, _ in train]
    return [p for p, is_held_out in zip(train, hold_out, strict=True) if not is_held_out], [
        p for p, is_held_out in zip(train, hold_out, strict=True) if is_held_out
    ]


def plain_text(data: Path) -> list[str]:
    """The longest text column of every parquet file in folders zh_* beside `data`."""
    texts: list[str] = []
    for path in sorted(data.resolve().parent.glob("zh_*/*.parquet")):
        table = pq.read_table(path)
        columns = [table[name].to_pylist() for name in table.column_names if "string" in str(table[name].type)]
        longest = max(columns, key=lambda column: sum(len(text or "") for text in column), default=[])
        texts += [text for text in longest if text]
    return texts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--validate", action="store_true")
    parser.add_argument("--checkpoint", type=Path, help="folder from which a stopped training goes on")
    parser.add_argument("--train-only", action="store_true", help="leave the state in --checkpoint and stop")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--blind", type=Path, help="file for 40 texts of each writer, to be judged by a person")
    args = parser.parse_args()
    started = time.monotonic()
    with progress(f"reading {args.data}"):
        train, test = read(args.data, args.validate)
    config = CopywriterConfig(threads=args.threads)
    with progress("training", unit="steps") as doing:
        writer = Copywriter.fit(config, plain_text(args.data), train, args.checkpoint, say, doing.at_step)
    trained = time.monotonic() - started
    if args.train_only:
        return say("trained; run it again without --train-only")
    rows = rows_written(writer, train, test, args.blind)
    show(f"{args.data.name}: {len(train):,} pairs learned from, {len(test):,} written; on {writer.net.device}",
         rows, ANCHORS)  # fmt: skip
    goals = AT_MOST | {"unsupported": rows["reference"]["unsupported"]}
    short = missed(rows["model"], AT_LEAST, goals)
    print_result(rows, short, writer, {"seconds": time.monotonic() - started, "trained_seconds": trained})


if __name__ == "__main__":
    main()
