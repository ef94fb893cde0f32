"""Texts that won, from which the next copywriter learns; texts that lost, which are not written any more."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from jobs.copywriting.briefs import APPROVED, Draft
from jobs.copywriting.rules import CopyConfig, CopyRules
from jobs.copywriting.text_clicks import LOST, winners, without_losers
from jobs.copywriting.winning_texts import Text, approved_texts, learnable
from jobs.copywriting.write_many import copy_table
from jobs.copywriting.writer import CopyInputs
from schemas.arrow import arrow_schema
from schemas.tables.copywriting import COPY_CLICKS, COPY_SHARES
from tests.unit.jobs.copywriting.copy_shop import NIGHT, brief, inputs_of, item, items_of

ITEMS_OF_SHOP = items_of([item(), item("g2", title="Tanka oak lamp", title_zh="棠卡 橡木台灯", brand="Tanka",
                               attributes='{"material": "oak"}')])  # fmt: skip


def copy_of(clicks: Iterable[tuple[int, int]], **changed: Any) -> tuple[pa.Table, pa.Table]:
    """(COPY, COPY_CLICKS) of one group: a text for each (shown, clicked); texts are c0, c1, ..."""
    clicks = list(clicks)
    row = {**brief(channel="card")._asdict(), "variant": 0, "text": "t", "source": "template", "wording": "t-1",
           "facts": json.dumps([]), "model": "", "rules": "r", "content_hash": "h", "made_on": NIGHT}  # fmt: skip
    copy = copy_table([row | {"copy_id": f"c{n}", "item_id": f"g{n}"} | changed for n in range(len(clicks))])
    counts = [{"copy_id": f"c{n}", "shown": s, "clicked": c} for n, (s, c) in enumerate(clicks) if s]
    return copy, pa.Table.from_pylist(counts, arrow_schema(COPY_CLICKS))


def shares_of(*retired: str) -> pa.Table:
    rows = [{**brief(channel="card")._asdict(), "wording": name, "shown": 1, "clicked": 0, "share": 0.0,
             "retired": True} for name in retired]  # fmt: skip
    return pa.Table.from_pylist([{n: r[n] for n in COPY_SHARES.names} for r in rows], arrow_schema(COPY_SHARES))


def won(copy: pa.Table, clicks: pa.Table, shares: pa.Table | None = None) -> list[str]:
    return winners(copy, clicks, shares or shares_of(), 200, 0.95)["copy_id"].to_pylist()


def test_a_text_wins_that_is_surely_clicked_more_than_the_others_of_its_group() -> None:
    assert won(*copy_of([(1000, 120), (1000, 50), (1000, 52), (0, 0)])) == ["c0"]


def test_a_little_more_or_seen_too_little_does_not_win() -> None:
    assert won(*copy_of([(1000, 55), (1000, 50), (1000, 52)])) == []
    assert won(*copy_of([(199, 100), (1000, 50)])) == []
    assert won(*copy_of([(1000, 120)])) == []  # without another text, no text has won


def test_groups_are_not_compared_with_each_other() -> None:
    usual, arrivals = copy_of([(1000, 200), (1000, 200)]), copy_of([(1000, 50), (1000, 50)], strategy="new_arrival")
    ids = pa.array(["d0", "d1"])
    renumbered = [table.set_column(table.schema.get_field_index("copy_id"), "copy_id", ids) for table in arrivals]
    assert won(pa.concat_tables([usual[0], renumbered[0]]), pa.concat_tables([usual[1], renumbered[1]])) == []


def test_a_wording_that_retired_does_not_win() -> None:
    shop = copy_of([(1000, 120), (1000, 50)])
    assert won(*shop, shares_of("t-1")) == []
    assert won(*shop, shares_of("t-2")) == ["c0"]


def test_without_clicks_or_on_the_first_night_nothing_has_won() -> None:
    assert won(*copy_of([(0, 0)])) == []
    assert won(*copy_of([])) == []


def brief_of(clicks: Iterable[tuple[int, int]], **changed: Any) -> tuple[list[int], list[dict[str, Any]]]:
    """(variants that stay, reasons of those that are dropped) of one brief with these (shown, clicked) of its texts."""
    copy, counts = copy_of(clicks, item_id="g1", **changed)
    variants = pa.array(range(copy.num_rows), pa.int32())
    copy = copy.set_column(copy.schema.get_field_index("variant"), "variant", variants)
    left, lost = without_losers(copy, counts, CopyConfig(card_variants=3))
    return left["variant"].to_pylist(), lost.to_pylist()


def test_a_text_that_surely_lost_to_the_others_of_its_brief_goes_and_the_reason_is_told() -> None:
    left, (lost,) = brief_of([(3000, 300), (3000, 150), (3000, 280)])
    assert left == [0, 2]
    assert (lost["reason"], lost["detail"]) == (LOST, "150 of 3,000 clicked; of the others 580 of 6,000")


@pytest.mark.parametrize(
    ("clicks", "changed"),
    [
        ([(3000, 300), (3000, 290)], {}),
        ([(3000, 300), (1999, 10)], {}),
        ([(3000, 10)], {}),
        ([(0, 0), (3000, 10)], {}),
        ([(3000, 300), (3000, 150)], {"wording": APPROVED}),
        ([(3000, 300), (3000, 310), (3000, 290), (3000, 10)], {}),  # the fourth text belongs to an experiment
    ],
)
def test_a_text_that_is_not_significantly_worse_or_is_wanted_stays(
    clicks: list[tuple[int, int]], changed: dict[str, str]
) -> None:
    assert brief_of(clicks, **changed) == (list(range(len(clicks))), [])


def test_the_best_text_of_a_brief_always_stays() -> None:
    for clicks in ([(9000, 0), (9000, 0)], [(9000, 9000), (9000, 0), (9000, 0)], [(9000, 5), (9000, 4), (9000, 900)]):
        best = max(range(len(clicks)), key=lambda index: clicks[index][1])
        assert best in brief_of(clicks)[0]


def text(said: str, item_id: str = "g1", wording: str = "t-1", names: Iterable[str] = (), **changed: str) -> Text:
    of = brief(item_id, **({"channel": "card"} | changed))
    return Text(of, Draft(said, wording, "template"), frozenset(names))


def taught(*texts: Text, inputs: CopyInputs | None = None) -> list[str]:
    return [training_text for _, _, training_text in learnable(texts, inputs or inputs_of(ITEMS_OF_SHOP))]


def test_a_pair_has_the_prompt_of_its_brief() -> None:
    ((of, prompt, training_text),) = learnable([text("A beige speaker by Ivo", strategy="new_arrival", style="young")],
                                      inputs_of(ITEMS_OF_SHOP))  # fmt: skip
    assert (of.item_id, training_text) == ("g1", "A beige speaker by Ivo")
    assert (prompt.language, prompt.strategy, prompt.style, prompt.channel) == ("en", "new_arrival", "young", "card")
    assert {"beige", "Ivo"} <= set(prompt.values)


@pytest.mark.parametrize(
    "said",
    [
        text("Meet Ivo beige wired speaker"),
        text("Meet IVO BEIGE WIRED SPEAKER today"),
        text("A beige speaker by Ivo", names=["title"]),  # the item was called so when it was written
        text("来看看伊沃 米色有线音箱", language="zh"),
        text("A beige speaker, for you {terms}", channel="push"),
        text("A beige speaker for Christmas"),
        text("A beige speaker for the feast", names=["event"]),
        text("A red speaker by Ivo"),  # it is beige today
        text("Now 20% off, a beige speaker"),
        text("A beige speaker", item_id="gone"),
    ],
    ids=lambda one: one.draft.text,
)
def test_texts_that_are_wrong_for_this_or_another_item_are_not_trained_on(said: Text) -> None:
    assert taught(said) == []


def test_approved_texts_are_trained_on_and_blocked_texts_are_not(tmp_path: Path) -> None:
    review = tmp_path / "review.toml"
    entry = ("item_id = 'g1'\nstrategy = 'recommendation'\nstyle = '{style}'\nchannel = 'push'\n"
             "language = '{language}'\ntext = '{text}'\n")  # fmt: skip
    approved = [
        {"style": "plain", "language": "en", "text": "A beige speaker by Ivo"},
        {"style": "nobodys", "language": "en", "text": "A beige speaker"},
        {"style": "plain", "language": "fr", "text": "Une enceinte"},
        {"style": "plain", "language": "en", "text": "A red speaker"},
    ]
    blocked = "[[block]]\ntext = 'A beige speaker, wired'\n"
    review.write_text(blocked + "".join("[[approve]]\n" + entry.format(**values) for values in approved), "utf-8")
    rules = CopyRules.load(CopyConfig(review=str(review)))
    assert {approved_text.draft.wording for approved_text in approved_texts(rules)} == {APPROVED}
    inputs = inputs_of(ITEMS_OF_SHOP, rules)
    assert taught(*approved_texts(rules), text("A beige speaker, wired"), inputs=inputs) == ["A beige speaker by Ivo"]
