"""Which of a brief's texts each reader gets, so that one reader's list does not repeat itself.

Each text is drawn by its share: a hash of the reader, the item and the wording, which is the same every night. A list
holds a wording at most `MOST_OF_WORDING` times and no text twice, wherever its briefs have others: then the place takes
the next text in its draw. Places choose in an order that is a hash too, so a list that is sorted anew keeps its texts.
"""

from __future__ import annotations

from collections.abc import Iterable

import pyarrow as pa
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.copywriting.briefs import BRIEF
from jobs.copywriting.rules import CopyRules
from jobs.copywriting.user_terms import with_terms, worded
from jobs.runtime.night import Night
from models.compliance.checks import CHANNELS as LIMITS

MOST_OF_WORDING = 2
_CHOICES = 4  # places choose anew once all have chosen; of 400 lists of 12, each place with two of eight wordings,
#               104 repeat one too often after the first time, 22, 2 and 0 after the next
_TOLD = ("item_id", "copy_id", "offer_id", "text", "share", "valid_until")


def texts_for_users(
    night: Night, demand: DataFrame, variants: pa.Table, rules: CopyRules, deals: Iterable[str] = ()
) -> DataFrame:
    """Picks a text for each row of `demand`: USER_COPY.

    variants: from `texts_by_arm`: BRIEF, copy_id, wording, said (which texts are the same), share, `own` (its text,
    where that has slots for the user's own terms) and `deal` (the arm it is for). deals: labels of arms that have texts
    of their own, as in column arm of RECOMMENDATIONS; all other users have deal ''.
    """
    arms = F.split("arm", ";")
    whose = [F.when(F.array_contains(arms, deal), F.lit(deal)) for deal in deals]
    demand = demand.withColumn("deal", F.coalesce(*whose, F.lit("")))
    wordings = night.spark.createDataFrame(variants)
    texts = worded(demand, night.days, rules.languages).join(wordings, [*BRIEF, "deal"], "inner")
    texts = texts.withColumn("text", with_terms(F.col("own")))
    fits = F.lit(True)
    for name, limit in LIMITS.items():
        if limit.characters:
            fits = fits & ((F.col("channel") != name) | (F.length("text") <= limit.characters))
    texts = texts.where(F.col("own").isNull() | (F.col("text").isNotNull() & fits))
    return chosen_texts(texts, rules.config.seed).select("user_id", "channel", *_TOLD)


def chosen_texts(texts: DataFrame, seed: int) -> DataFrame:
    """One row of `texts` for each user_id, channel and item_id.

    texts: user_id, channel, item_id, and of each text that the place may have wording, said, share, copy_id, offer_id,
    text and valid_until. A list is small, so the texts of its places are one array, and the choice is a fold over it.
    """
    turn = _hash(seed, "user_id", "channel", "item_id")
    # The least of -ln(u) / share is each text with the probability of its share (Efraimidis and Spirakis 2006).
    draw = -F.log((_hash(seed, "user_id", "channel", "item_id", "wording") + 1) / F.lit(2.0**53)) / F.col("share")
    text = F.struct(turn.alias("turn"), draw.alias("draw"), "wording", "said", *_TOLD)
    lists = texts.groupBy("user_id", "channel").agg(F.array_sort(F.collect_list(text)).alias("texts"))
    places = F.array_distinct(F.transform("texts", lambda one: one["item_id"]))
    turns = F.flatten(F.array_repeat(places, _CHOICES))
    chosen = F.aggregate(turns, F.slice("texts", 1, 0), _choose)
    return lists.select("user_id", "channel", F.explode(chosen).alias("one")).select("user_id", "channel", "one.*")


def _choose(chosen: Column, item_id: Column) -> Column:
    """`chosen` with the text of the place `item_id` chosen anew: what repeats least, then what was drawn.

    Where each of its texts repeats, it takes another than before, so that other places give way to that one.
    """
    before = F.filter(chosen, lambda one: one["item_id"] == item_id)
    others = F.filter(chosen, lambda one: one["item_id"] != item_id)
    its_own = F.filter("texts", lambda one: one["item_id"] == item_id)

    def rank(text: Column) -> Column:
        is_said = F.exists(others, lambda one: one["said"] == text["said"])
        times = F.size(F.filter(others, lambda one: one["wording"] == text["wording"]))
        too_often = F.greatest(times + 1 - MOST_OF_WORDING, F.lit(0))
        is_stuck = (too_often > 0) & F.exists(before, lambda one: one["copy_id"] == text["copy_id"])
        names = ("is_said", "too_often", "is_stuck", "text")
        columns = (is_said, too_often, is_stuck, text)
        return F.struct(*[column.alias(name) for name, column in zip(names, columns, strict=True)])

    return F.concat(others, F.array(F.array_min(F.transform(its_own, rank))["text"]))


def _hash(seed: int, *columns: str) -> Column:
    """A whole number from 0 to 2**53 - 1, as many as a double holds exactly, that is the same every night."""
    return F.xxhash64(F.lit(f"copy {seed}"), *columns).bitwiseAND(F.lit(2**53 - 1))
