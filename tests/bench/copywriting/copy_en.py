"""English descriptions of held-out products from their attributes: by each writer, by the night's model, by people.

    python -m tests.bench.copywriting.copy_en --data ../shared/data/hm [--pairs 4000] [--asked 300] [--blind FILE]

DATA holds one table (parquet, CSV or CSV.gz) of products. Its longest text column is the description. The words of the
name column are attributes, and so are the values of other text columns with few distinct values. Products that share a
name, a description or a `product_code` are a family; one product of each family is used, to train or to test, never
both. `--validate` uses a second set of held-out families. `--blind` writes 40 texts of each writer to a file, shuffled,
with the key at its end. The last line is JSON.
"""

from __future__ import annotations

import argparse
import re
import time
import zlib
from collections.abc import Hashable
from pathlib import Path

import pandas as pd

from jobs.runtime.progress import progress, say
from models.copywriting.copywriter import Copywriter, CopywriterConfig
from models.copywriting.prompts import Prompt
from tests.bench.copywriting.copy_rows import Pairs, print_result, rows_written
from tests.bench.copywriting.copy_scores import missed, show

AT_LEAST, AT_MOST = {"passes_gate": 0.5, "network_share": 0.5}, {"verbatim8": 0.3, "longest_run": 15.0}
GOALS = {"goal of model: at least": AT_LEAST, "goal of model: at most": AT_MOST}
FEW = 1000  # distinct values; a column with more values is no attribute
FOLDS, TEST, VALIDATION = 20, 0, 1  # a family's fold, by its hash


def read(data: Path) -> pd.DataFrame:
    """The largest table in the folder. Raises SystemExit if there is none."""
    files = [path for path in data.iterdir() if re.search(r"\.(parquet|csv|csv\.gz)$", path.name)]
    tables = [pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path) for path in files]
    described = [table for table in tables if len(table.select_dtypes(["object", "string"]).columns) > 1]
    if not described:
        raise SystemExit(f"{data} holds no table with a description and attributes (parquet, csv, csv.gz)")
    return max(described, key=lambda table: len(table.columns) * len(table))


def pairs_of(table: pd.DataFrame) -> tuple[Pairs, list[int]]:
    """One pair for each family, and the family's hash, which decides whether the pair is used to train or to test."""
    texts = table.select_dtypes(["object", "string"])
    lengths = texts.apply(lambda column: column.dropna().astype(str).str.len().mean())
    described = str(lengths.idxmax())
    table = table[table[described].notna()].drop_duplicates(described)
    name = next((c for c in texts.columns if re.search("prod.*name|title|^name", c, re.I) and c != described
                 and table[c].nunique() > FEW), None)  # fmt: skip
    attribute_columns = [c for c in texts.columns if c not in (name, described) and 1 < table[c].nunique() <= FEW]
    keys = [key for key in (name, "product_code") if key in table.columns]
    family = families(table[keys].to_numpy().tolist())
    pairs, hashes, used = [], [], set()
    for row, root in zip(table.to_dict("records"), family, strict=True):
        words = re.findall(r"[^\W\d_]{2,}(?:-[^\W\d_]+)*", str(row[name])) if name else []
        values = [
            (column.lower(), str(row[column]).strip()) for column in attribute_columns if isinstance(row[column], str)
        ]
        attributes = tuple(values + [("name", word.lower()) for word in dict.fromkeys(words)])
        if root in used or not attributes:
            continue
        used.add(root)
        pairs.append((Prompt("en", attributes=attributes), " ".join(str(row[described]).split())))
        hashes.append(zlib.crc32(repr((row[name] if name else "", root)).encode()))
    return pairs, hashes


def families(keys: list[list[Hashable]]) -> list[int]:
    """The first row of each row's family: rows that share a key, directly or through other rows."""
    parent = list(range(len(keys)))

    def root(row: int) -> int:
        while parent[row] != row:
            parent[row] = parent[parent[row]]
            row = parent[row]
        return row

    first: dict[tuple[int, Hashable], int] = {}
    for row, values in enumerate(keys):
        for key in enumerate(values):
            other = root(first.setdefault(key, row))
            parent[max(root(row), other)] = min(root(row), other)
    return [root(row) for row in range(len(keys))]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--pairs", type=int, default=4000, help="families to train on, at most")
    parser.add_argument("--asked", type=int, default=300, help="families to write for, at most")
    parser.add_argument("--validate", action="store_true")
    parser.add_argument("--checkpoint", type=Path, help="folder from which a stopped training goes on")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--blind", type=Path, help="file for 40 texts of each writer, to be judged by a person")
    args = parser.parse_args()
    started = time.monotonic()
    with progress(f"reading {args.data}"):
        pairs, hashes = pairs_of(read(args.data))
    folds = [digest % FOLDS for digest in hashes]
    order = sorted(range(len(pairs)), key=lambda index: (hashes[index], index))
    train = [pairs[index] for index in order if folds[index] not in (TEST, VALIDATION)][: args.pairs]
    test = [pairs[index] for index in order if folds[index] == (VALIDATION if args.validate else TEST)][: args.asked]
    say(
        f"{len(pairs):,} families, {len(train):,} learned from, {len(test):,} asked for; first: {test[0][0].attributes}"
    )
    config = CopywriterConfig(threads=args.threads)
    with progress("training", unit="steps") as doing:
        writer = Copywriter.fit(config, [], train, args.checkpoint, say, doing.at_step)
    trained = time.monotonic() - started
    rows = rows_written(writer, train, test, args.blind)
    show(f"{args.data.name}: {len(train):,} products learned from, {len(test):,} of other families written; "
         f"on {writer.net.device}", rows, GOALS)  # fmt: skip
    short = missed(rows["model"], AT_LEAST, AT_MOST)
    print_result(rows, short, writer, {"seconds": time.monotonic() - started, "trained_seconds": trained})


if __name__ == "__main__":
    main()
