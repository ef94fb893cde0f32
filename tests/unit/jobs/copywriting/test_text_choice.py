"""Which text each reader gets: one text per place, by shares, the same every night, and no repetition in a list."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any, NamedTuple

import pyarrow as pa
import pytest
from pyspark.sql import SparkSession

from jobs.copywriting.text_choice import MOST_OF_WORDING, PLACE, chosen_texts

DDL = ", ".join(f"{name} {'timestamp' if name == 'valid_until' else 'string'}" for name in PLACE)
USERS, PLACES = 400, 12
Place = tuple[str, str]  # user_id, item_id


class Text(NamedTuple):
    """A text that a user's place may have; all places about an item may have the same texts."""

    user: str
    item: str
    wording: str
    share: float
    said: int | None = None

    @property
    def variant(self) -> dict[str, Any]:
        copy_id = f"{self.item} {self.wording}"
        said = sum(ord(letter) * 31**index for index, letter in enumerate(copy_id)) % 2**31
        said = said if self.said is None else self.said
        told = {"copy_id": copy_id, "wording": self.wording, "said": said, "share": self.share, "own": None}
        return BRIEF | {"item_id": self.item} | told


BRIEF = {"strategy": "recommendation", "style": "plain", "channel": "card", "language": "en", "deal": ""}


def chosen(spark: SparkSession, texts: Iterable[Text], seed: int = 7) -> dict[Place, str]:
    """(user_id, item_id) -> wording."""
    texts = list(texts)
    rows = [
        BRIEF | {"user_id": user, "item_id": item}
        for user, item in dict.fromkeys((text.user, text.item) for text in texts)
    ]
    places = spark.createDataFrame([tuple(row.get(name) for name in PLACE) for row in rows], DDL)
    variants = pa.Table.from_pylist(list({(text.item, text.wording): text.variant for text in texts}.values()))
    variants = variants.set_column(variants.column_names.index("own"), "own", pa.nulls(len(variants), pa.string()))
    choice = chosen_texts(places, variants, seed).collect()
    assert len(choice) == len({(row.user_id, row.item_id) for row in choice})
    return {(row.user_id, row.item_id): row.copy_id.removeprefix(f"{row.item_id} ") for row in choice}


def lists() -> list[Text]:
    """Lists in which each item has two of eight wordings; one is drawn four times as often as the other."""
    return [
        Text(f"u{user}", f"g{place}", f"t{wording}", share)
        for user in range(USERS)
        for place in range(PLACES)
        for wording, share in ((place % 8, 0.8), ((place * 5 + 1) % 8, 0.2))
    ]


@pytest.fixture(scope="module")
def usual(spark: SparkSession) -> dict[Place, str]:
    return chosen(spark, lists())


def of_users(wordings: dict[Place, str]) -> dict[str, Counter[str]]:
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for (user, _), wording in wordings.items():
        counts[user][wording] += 1
    return counts


def test_every_place_has_one_text_and_no_list_a_wording_too_often(usual: dict[Place, str]) -> None:
    assert len(usual) == USERS * PLACES
    assert max(max(counts.values()) for counts in of_users(usual).values()) == MOST_OF_WORDING


def test_texts_are_given_out_by_their_shares(usual: dict[Place, str], spark: SparkSession) -> None:
    first = sum(wording == f"t{int(item[1:]) % 8}" for (_, item), wording in usual.items()) / len(usual)
    assert 0.7 < first < 0.85  # a few gave way to other wordings
    alone = chosen(spark, (row for row in lists() if row.item == "g3"))
    assert sum(wording == "t3" for wording in alone.values()) / USERS == pytest.approx(0.8, abs=0.06)


def test_order_of_rows_changes_nothing_and_another_seed_does(usual: dict[Place, str], spark: SparkSession) -> None:
    rows = lists()
    assert chosen(spark, reversed(rows)) == usual
    assert chosen(spark, rows, seed=8) != usual


def test_if_a_place_disappears_most_other_texts_stay(usual: dict[Place, str], spark: SparkSession) -> None:
    fewer = chosen(spark, (row for row in lists() if row.item != "g0"))
    assert sum(usual[place] == wording for place, wording in fewer.items()) > 0.9 * len(fewer)


def test_a_wording_repeats_if_a_place_would_else_stay_empty(spark: SparkSession) -> None:
    assert set(chosen(spark, [Text("u", f"g{place}", "t", 1.0) for place in range(5)]).values()) == {"t"}


def test_an_earlier_place_gives_its_text_to_one_without_another_choice(spark: SparkSession) -> None:
    only = [Text(f"u{user}", f"g{place}", "t", 1.0) for user in range(20) for place in range(2)]
    either = [
        Text(f"u{user}", "g2", wording, share) for user in range(20) for wording, share in (("t", 0.99), ("s", 0.01))
    ]
    wordings = chosen(spark, only + either)
    assert {wording for (_, item), wording in wordings.items() if item == "g2"} == {"s"}


def test_no_text_stands_twice_in_a_list(spark: SparkSession) -> None:
    twins = [Text(f"u{user}", item, wording, 0.5, said) for user in range(20) for item in ("g1", "g2")
             for said, wording in enumerate(("t", "s"))]  # fmt: skip
    assert {tuple(sorted(counts)) for counts in of_users(chosen(spark, twins)).values()} == {("s", "t")}
