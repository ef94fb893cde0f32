"""Which of a brief's texts each reader gets, so that one reader's list does not repeat itself.

Each text is drawn with the probability of its share. The draw is a hash of reader, item and wording, so it is the same
every night. A list holds a wording at most `MOST_OF_WORDING` times and no text twice, as long as its briefs have other
texts: then the place takes the next text in its draw. The order in which places choose is a hash, too, so a list keeps
its texts when it is sorted in another way.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql import types as T

from jobs.copywriting.briefs import BRIEF
from jobs.copywriting.rules import CopyRules
from jobs.copywriting.user_terms import with_terms, worded
from jobs.runtime.night import Night
from models.compliance.checks import CHANNELS as LIMITS
from models.copywriting.text_choice import Codes, choose_texts

MOST_OF_WORDING = 2
_CHOICES = 4  # rounds in which all places choose. Of 400 lists of 12 places, each place with two of eight wordings,
#               104 repeat a wording too often after the first round, and 22, 2 and 0 after the next ones
_LIST = ("user_id", "channel")
_TOLD = ("item_id", "copy_id", "offer_id", "text", "share", "valid_until")
_CHOSEN = (*_LIST, "wording", *_TOLD)


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
    wordings = night.spark.createDataFrame(variants)
    texts = worded(demand, night.days, rules.languages).join(wordings, [*BRIEF, "deal"], "inner")
    texts = texts.withColumn("text", with_terms(F.col("own")))
    is_short_enough = F.lit(True)
    for name, limit in LIMITS.items():
        if limit.characters:
            is_short_enough = is_short_enough & ((F.col("channel") != name) | (F.length("text") <= limit.characters))
    texts = texts.where(F.col("own").isNull() | (F.col("text").isNotNull() & is_short_enough))
    return chosen_texts(texts, rules.config.seed).select("user_id", "channel", *_TOLD)


def chosen_texts(texts: DataFrame, seed: int) -> DataFrame:
    """One row of `texts` for each user_id, channel and item_id.

    texts: a row for each text that the place may have: user_id, channel, item_id, wording, said, share, copy_id,
    offer_id, text and valid_until.
    """
    turn = _hash(seed, "user_id", "channel", "item_id")
    # Each text has the lowest -ln(u) / share with the probability of its share (Efraimidis and Spirakis 2006).
    draw = -F.log((_hash(seed, "user_id", "channel", "item_id", "wording") + 1) / F.lit(2.0**53)) / F.col("share")
    ordered = ["user_id", "channel", "turn", "item_id", "draw", "wording", "said", "copy_id"]
    texts = texts.withColumns({"turn": turn, "draw": draw}).repartition("user_id", "channel")
    texts = texts.sortWithinPartitions(*ordered).select(*_CHOSEN, "said")
    return texts.mapInArrow(_choose, T.StructType([texts.schema[name] for name in _CHOSEN]))


def _choose(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Texts in the order of their lists -> the chosen ones. A batch's last list waits, since it may continue in the
    next batch."""
    waiting: list[pa.RecordBatch] = []
    for batch in batches:
        if batch.num_rows:
            rows = pa.concat_batches([*waiting, batch])
            last = int(_starts(rows, _LIST)[-1])
            yield _chosen(rows.slice(0, last))
            waiting = [rows.slice(last)]
    yield from map(_chosen, waiting)


def _chosen(rows: pa.RecordBatch) -> pa.RecordBatch:
    """The chosen texts of complete lists."""
    ends_of_lists, ends_of_places = (
        np.append(_starts(rows, columns), len(rows)) for columns in (_LIST, (*_LIST, "item_id"))
    )
    text_codes = rows["said"].cast(pa.int64()).to_numpy()
    wordings = rows["wording"].dictionary_encode().indices.to_numpy().astype(np.int64)
    chosen = choose_texts(ends_of_lists, ends_of_places, text_codes, wordings, MOST_OF_WORDING, _CHOICES)
    return rows.take(pa.array(chosen)).select(_CHOSEN)


def _starts(rows: pa.RecordBatch, columns: Sequence[str]) -> Codes:
    """The rows at which a group begins: rows with the same values in `columns`. The first row is one of them."""
    is_new = np.zeros(len(rows), bool)
    is_new[:1] = True
    for name in columns:
        column = rows[name]
        is_new[1:] |= pc.not_equal(column[1:], column[:-1]).to_numpy(zero_copy_only=False)
    return np.flatnonzero(is_new)


def _hash(seed: int, *columns: str) -> Column:
    """A whole number from 0 to 2**53 - 1, the same every night; a double holds all of these exactly."""
    return F.xxhash64(F.lit(f"copy {seed}"), *columns).bitwiseAND(F.lit(2**53 - 1))
