"""Reads folders of customers' questions.

A folder has `train`, `dev` (or `val`) and `test` as Parquet or CSV, or any files with a column `split` of these names.
Other splits whose names begin with `test` are further tests. Without train, the training set is dev, by folds.

| kind | columns | also named |
| --- | --- | --- |
| questions | text, label: the answer's id; `oos`, `out_of_scope` or nothing where no answer fits | question; intent, answer |
| pairs | text_a, text_b, label: 1 where the two mean the same | s1, s2 |
| candidates | group, text_a, text_b, label: above 0 where text_b answers text_a, among the rows of its group | qid, question, candidate |
"""  # noqa: E501

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

NAMES = {
    "text": ("text", "question", "sentence"),
    "label": ("label", "intent", "answer_id"),
    "text_a": ("text_a", "s1", "sentence1", "question"),
    "text_b": ("text_b", "s2", "sentence2", "candidate"),
    "group": ("group", "qid"),
}
OUTSIDE = {"oos", "out_of_scope", "none", ""}
SPLITS = {"val": "dev", "valid": "dev", "validation": "dev"}


@dataclass(frozen=True)
class QuestionSet:
    """`kind`: questions, pairs or candidates; `splits`: rows by split, with the columns of the kind."""

    name: str
    kind: str
    splits: dict[str, pd.DataFrame]

    @property
    def tests(self) -> dict[str, pd.DataFrame]:
        return {name: rows for name, rows in self.splits.items() if name.startswith("test")}


def read_sets(folder: Path) -> list[QuestionSet]:
    """Every set in the folder; a file without a known kind is left out.

    Raises SystemExit if there is no set, or if a set lacks a test or a training set.
    """
    files = sorted(path for path in folder.iterdir() if path.suffix in (".parquet", ".csv"))
    alone = {path.stem: _read(path) for path in files}
    with_split = {name: rows for name, rows in alone.items() if "split" in rows}
    sets_read = [_set_of(name, dict(list(rows.groupby("split", sort=False)))) for name, rows in with_split.items()]
    by_file = {name: rows for name, rows in alone.items() if name not in with_split and _split_of(name)}
    if by_file:
        sets_read.append(_set_of(folder.name, by_file))
    sets = [question_set for question_set in sets_read if question_set is not None]
    if not sets:
        raise SystemExit(f"{folder} has no questions: it has {[path.name for path in files]}; give files named train, "
                         "dev and test with columns text, label or text_a, text_b, label")  # fmt: skip
    return sets


def _set_of(name: str, raw: dict[str, pd.DataFrame]) -> QuestionSet | None:
    kind, columns = _kind_of(next(iter(raw.values())))
    if kind is None:
        return None
    splits = {_split_of(str(split)) or str(split): rows[list(columns)].rename(columns=columns).reset_index(drop=True)
              for split, rows in raw.items()}  # fmt: skip
    if not any(split.startswith("test") for split in splits) or not {"train", "dev"} & splits.keys():
        raise SystemExit(f"{name} has the splits {sorted(splits)}; give a test, and train or dev")
    return QuestionSet(name, kind, splits)


def _kind_of(rows: pd.DataFrame) -> tuple[str | None, dict[str, str]]:
    """(kind, columns of the file by name -> names of the kind), or (None, {})."""
    for kind, names in (
        ("candidates", ("group", "text_a", "text_b", "label")),
        ("pairs", ("text_a", "text_b", "label")),
        ("questions", ("text", "label")),
    ):
        columns = {name: next((spelling for spelling in NAMES[name] if spelling in rows), None) for name in names}
        if all(columns.values()):
            return kind, {str(column): name for name, column in columns.items()}
    return None, {}


def _split_of(name: str) -> str | None:
    """The split that a file or a value of `split` is, if it is one."""
    split = SPLITS.get(name, name)
    return split if split in ("train", "dev") or split.startswith("test") else None


def _read(path: Path) -> pd.DataFrame:
    rows = pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path, keep_default_na=False)
    return rows.dropna(
        subset=[column for column in ("text", "question", "text_a", "text_b", "s1", "s2") if column in rows]
    )
