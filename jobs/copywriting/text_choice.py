"""Which of a brief's texts each reader gets, so that one reader's list does not repeat itself.

Each text is drawn with the probability of its share. The draw is a hash of reader, item and wording, so it is the same
every night. A list holds a wording at most `MOST_OF_WORDING` times and no text twice, as long as its briefs have other
texts: then the place takes the next text in its draw. The order in which places choose is a hash, too, so a list keeps
its texts when it is sorted in another way.

Spark brings the places of a list together. Its Python workers know all texts, so no text travels through the shuffle.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.copywriting.briefs import BRIEF, keys_of
from jobs.copywriting.rules import CopyRules
from jobs.copywriting.user_terms import worded
from jobs.runtime.night import Night
from models.compliance.checks import CHANNELS as LIMITS
from models.copywriting.text_choice import Codes, choose_texts
from schemas.arrow import arrow_schema
from schemas.tables.copywriting import USER_COPY

MOST_OF_WORDING = 2
_CHOICES = 4  # rounds in which all places choose. Of 400 lists of 12 places, each place with two of eight wordings,
#               104 repeat a wording too often after the first round, and 22, 2 and 0 after the next ones
_LIST = ("user_id", "channel")
_KEY = (*BRIEF, "deal")
PLACE = ("user_id", *_KEY, "offer_id", "terms", "until", "valid_until")


@dataclass(frozen=True, eq=False)
class Texts:
    """All texts, those of a brief and an arm side by side. keys (K,): briefs with arms; starts (K + 1,): their first
    texts; the others (N,): of each text."""

    keys: pa.Array
    starts: Codes
    said: Codes
    wording: Codes
    wording_hash: NDArray[np.uint64]
    share: NDArray[np.float64]
    copy_id: pa.Array
    own: pa.Array

    @classmethod
    def of(cls, variants: pa.Table) -> Texts:
        """variants: see `texts_for_users`."""
        variants = variants.append_column("key", keys_of(variants, _KEY)).combine_chunks()
        variants = variants.sort_by([(name, "ascending") for name in ("key", "wording", "said", "copy_id")])
        keys = variants["key"].combine_chunks()
        starts = _starts(variants, ["key"])
        wordings = variants["wording"].combine_chunks().dictionary_encode()
        hashes = [_number_of(wording) for wording in wordings.dictionary.to_pylist()]
        codes = wordings.indices.to_numpy().astype(np.int64)
        return cls(
            keys.take(pa.array(starts)),
            np.append(starts, len(keys)),
            variants["said"].cast(pa.int64()).to_numpy(),
            codes,
            np.array(hashes, np.uint64)[codes],
            variants["share"].to_numpy(),
            variants["copy_id"].combine_chunks(),
            variants["own"].combine_chunks(),
        )


def texts_for_users(
    night: Night, demand: DataFrame, variants: pa.Table, rules: CopyRules, deals: Iterable[str] = ()
) -> DataFrame:
    """Picks a text for each row of `demand`: USER_COPY.

    variants: from `texts_by_arm`: BRIEF, copy_id, wording, `said` (the same number for the same text), share, `own`
    (the text, where it has slots for the user's own terms) and `deal` (the arm that it is for). deals: labels of arms
    with texts of their own, as in column arm of RECOMMENDATIONS; all other users have deal ''.
    """
    arms = F.split("arm", ";")
    deal_of_user = [F.when(F.array_contains(arms, deal), F.lit(deal)) for deal in deals]
    demand = demand.withColumn("deal", F.coalesce(*deal_of_user, F.lit("")))
    return chosen_texts(worded(demand, night.days, rules.languages), variants, rules.config.seed)


def chosen_texts(places: DataFrame, variants: pa.Table, seed: int) -> DataFrame:
    """USER_COPY: a text for each of `places` (columns PLACE) whose brief has one; variants: see `texts_for_users`."""
    texts = places.sparkSession.sparkContext.broadcast(Texts.of(variants))
    turn = F.xxhash64(F.lit(f"copy {seed}"), "user_id", "channel", "item_id")
    ordered = places.select(*PLACE, turn.alias("turn")).repartition("user_id", "channel")
    ordered = ordered.sortWithinPartitions("user_id", "channel", "turn", "item_id")
    return ordered.mapInArrow(functools.partial(_choose, texts=texts), USER_COPY.ddl)


def _choose(batches: Iterator[pa.RecordBatch], texts: Any) -> Iterator[pa.RecordBatch]:
    """Places, list by list -> USER_COPY; texts: the broadcast Texts. A batch's last list waits, since it may continue
    in the next batch."""
    waiting: list[pa.RecordBatch] = []
    for batch in batches:
        if batch.num_rows:
            places = pa.concat_batches([*waiting, batch])
            last = int(_starts(places, _LIST)[-1])
            yield _chosen(places.slice(0, last), texts.value)
            waiting = [places.slice(last)]
    for places in waiting:
        yield _chosen(places, texts.value)


def _chosen(places: pa.RecordBatch, texts: Texts) -> pa.RecordBatch:
    """The texts of complete lists: rows of USER_COPY."""
    brief = pc.index_in(keys_of(places, _KEY), texts.keys)
    places, brief = places.filter(brief.is_valid()), brief.drop_null().to_numpy()
    counts = texts.starts[brief + 1] - texts.starts[brief]
    place = np.repeat(np.arange(len(places)), counts)  # of each text that a place may have
    text = np.arange(len(place)) + np.repeat(texts.starts[brief] - (np.cumsum(counts) - counts), counts)
    own = _own_texts(places, texts, place, text)
    is_whole = pc.or_(own.is_valid(), texts.own.is_null().take(pa.array(text))).to_numpy(zero_copy_only=False)
    place, text, own = place[is_whole], text[is_whole], own.filter(pa.array(is_whole))
    # Each text has the lowest -ln(u) / share with the probability of its share (Efraimidis and Spirakis 2006).
    draw = -np.log(_uniform(places["turn"].to_numpy()[place], texts.wording_hash[text])) / texts.share[text]
    order = np.lexsort((text, draw, place))
    place, text = place[order], text[order]
    list_number = np.searchsorted(_starts(places, _LIST), place, "right")
    row = choose_texts(
        _bounds(list_number), _bounds(place), texts.said[text], texts.wording[text], MOST_OF_WORDING, _CHOICES
    )
    told, text_told = places.take(pa.array(place[row])), pa.array(text[row])
    columns = {name: told[name] for name in told.schema.names} | {
        "copy_id": texts.copy_id.take(text_told),
        "text": own.take(pa.array(order[row])),
        "share": pa.array(texts.share[text[row]]),
    }
    schema = arrow_schema(USER_COPY)
    return pa.RecordBatch.from_arrays([columns[field.name].cast(field.type) for field in schema], schema=schema)


def _own_texts(places: pa.RecordBatch, texts: Texts, place: Codes, text: Codes) -> pa.Array:
    """Each text with the reader's own terms in its slots; null where it has no slots, or cannot be shown."""
    own = texts.own.take(pa.array(text))
    filled = np.full(len(text), None, object)
    rows = np.flatnonzero(own.is_valid().to_numpy(zero_copy_only=False))
    about = places.take(pa.array(place[rows]))
    columns = (own.take(pa.array(rows)), *(about[name] for name in ("terms", "until", "channel")))
    for row, words in zip(rows, zip(*(column.to_pylist() for column in columns), strict=True), strict=True):
        filled[row] = _filled(*words)
    return pa.array(filled, pa.string())


@functools.lru_cache(maxsize=100_000)  # many readers have the same offer
def _filled(own: str, terms: str | None, until: str | None, channel: str) -> str | None:
    """The text with the terms in its slots; None where they cannot be put into words, or where it gets too long."""
    if terms is None or until is None:
        return None
    text = own.replace("{terms}", terms).replace("{until}", until)
    return text if len(text) <= (LIMITS[channel].characters or len(text)) else None


def _starts(rows: pa.RecordBatch | pa.Table, columns: Sequence[str]) -> Codes:
    """The rows at which a group begins: rows with the same values in `columns`. The first row is one of them."""
    is_new = np.zeros(len(rows), bool)
    is_new[:1] = True
    for name in columns:
        column = rows[name]
        is_new[1:] |= pc.not_equal(column[1:], column[:-1]).to_numpy(zero_copy_only=False)
    return np.flatnonzero(is_new)


def _bounds(numbers: Codes) -> Codes:
    """Where each run of equal numbers (from 0 on) begins, then how many numbers there are."""
    return np.append(np.flatnonzero(np.diff(numbers, prepend=-1)), len(numbers))


def _number_of(wording: str) -> int:
    return int.from_bytes(hashlib.blake2b(wording.encode(), digest_size=8).digest(), "little")


def _uniform(turn: Codes, wording: NDArray[np.uint64]) -> NDArray[np.float64]:
    """Numbers above 0 and up to 1, each by a hash of a place's turn and of a wording (SplitMix64's last steps)."""
    mixed = turn.view(np.uint64) ^ wording
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return ((mixed ^ (mixed >> np.uint64(31))) >> np.uint64(11)).astype(np.float64) / 2.0**53 + 2.0**-53
