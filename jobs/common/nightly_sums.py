"""Sums of many keys over many nights in one pass, equal to the bit to those that one night after another computes.

A night multiplies each fading sum by a factor, rounds it to a unit (jobs.common.decay), and adds the night's
events. Because of the rounding, the result differs from one sum over all days. So this module rounds for every night as
well, on arrays of all keys at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from jobs.common.decay import UNIT, decay_factor
from jobs.runtime.history import BEFORE, NIGHT, History

NEVER = np.iinfo(np.int32).min  # the date of what has not happened


@dataclass(frozen=True)
class Fading:
    """The nights, as days since 1970, and for each night the factor by which the sums of the night before fade."""

    nights: tuple[int, ...]
    factors: tuple[float, ...]

    @classmethod
    def of(cls, history: History, half_life_days: float) -> Fading:
        before = [history.previous_date, *history.dates]
        factors = [decay_factor(half_life_days, day, last) for day, last in zip(history.dates, before, strict=False)]
        return cls(tuple(int(night) for night in history.numbers), tuple(factors))


class Rows:
    """Rows of one partition, at most one for each key and night; `keys` are columns of the table.

    Keys are numbered in the order in which they first appear, so the keys of the nights so far have the lowest numbers.
    """

    def __init__(self, batches: Iterator[pa.RecordBatch], keys: Sequence[str]) -> None:
        table = pa.Table.from_batches(list(batches)).combine_chunks()
        night = table[NIGHT].cast(pa.int32()).fill_null(BEFORE)
        table = table.set_column(table.column_names.index(NIGHT), NIGHT, night).sort_by(NIGHT).combine_chunks()
        self.table = table
        self.night = table[NIGHT].to_numpy()
        code = code_of(table, keys)
        _, first, place = np.unique(code, return_index=True, return_inverse=True)
        order = np.argsort(first, kind="stable")
        number = np.empty(len(order), np.int64)
        number[order] = np.arange(len(order))
        self.code = number[place]
        self.first = first[order]  # (K,) the row in which each key appears first

    def __len__(self) -> int:
        """The number of keys."""
        return len(self.first)

    def of(self, night: int) -> slice:
        """The rows of a night."""
        low, high = np.searchsorted(self.night, [night, night + 1])
        return slice(int(low), int(high))

    def known(self, rows: slice) -> int:
        """How many keys have appeared by the end of `rows`."""
        return int(np.searchsorted(self.first, rows.stop))

    def ints(self, name: str) -> np.ndarray:
        return self.table[name].cast(pa.int64()).fill_null(0).to_numpy()

    def days(self, name: str, missing: int = NEVER) -> np.ndarray:
        """A date column as days since 1970."""
        return self.table[name].cast(pa.int32()).fill_null(missing).to_numpy()

    def keys(self, names: Sequence[str], codes: np.ndarray) -> dict[str, pa.ChunkedArray]:
        """The key columns of the keys with these codes."""
        rows = pa.array(self.first[codes])
        return {name: self.table[name].take(rows) for name in names}


def code_of(table: pa.Table, keys: Sequence[str]) -> np.ndarray:
    """(n,) a number for each combination of the keys."""
    code = np.zeros(len(table), np.int64)
    for name in keys:
        encoded = table[name].combine_chunks().dictionary_encode()
        value = encoded.indices.to_numpy().astype(np.int64)
        code = np.unique(code * (len(encoded.dictionary) + 1) + value, return_inverse=True)[1].astype(np.int64)
    return code


def fade(sums: np.ndarray, factor: float) -> None:
    """Fades integer sums (K,) of the night before by one night's factor, in place."""
    if factor != 1.0:
        sums[:] = np.rint(sums * factor).astype(np.int64)


def as_float(units: np.ndarray, unit: float = UNIT) -> np.ndarray:
    return units / unit


def as_dates(days: np.ndarray) -> pa.Array:
    return pa.array(days, pa.int32(), mask=days == NEVER).cast(pa.date32())
