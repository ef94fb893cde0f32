"""Carrying a product to the next night: each filter removes the rows that are no longer true, and no others."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa

from jobs.publishing.carry import (
    FILTERS,
    Tonight,
    of_copy,
    of_customers,
    of_dated,
    of_images,
    of_service,
    with_unchanged_terms,
)
from models.text.wording import money
from schemas.arrow import arrow_schema
from schemas.copywriting.language import load_languages
from schemas.table import PRODUCTS, Table
from schemas.tables import (
    AUDIENCES,
    COPY,
    ITEM_ANSWERS,
    OFFERS,
    RECOGNISED_ATTRIBUTES,
    SEGMENTS,
    SIMILAR_IMAGES,
    SUGGESTED_ANSWERS,
    USER_COPY,
    USER_SEGMENTS,
)

SHOWN = dt.datetime(2026, 1, 7, tzinfo=dt.UTC)  # tonight is 2026-01-06
VALID, OVER = SHOWN + dt.timedelta(days=2), SHOWN
# The item `sold` is sold out and the account `gone` was erased: tonight has neither.
TONIGHT = Tonight(
    SHOWN,
    pa.array(["ann", "bob", "anonymous"]),
    pa.array(["lamp", "rug"]),
    {"lamp": (80.0, "CNY"), "rug": (None, None)},
    languages=load_languages(),
)


def table(kind: Table, *rows: dict[str, Any]) -> pa.Table:
    return pa.Table.from_pylist([{name: row.get(name) for name in kind.names} for row in rows], arrow_schema(kind))


def offer(user: str = "ann", **changed: Any) -> dict[str, Any]:
    return {"user_id": user, "offer_id": "coupon", "item_id": "lamp", "discount_share": 0.2, "minimum_spend": 0.0,
            "currency": "CNY", "valid_until": VALID} | changed  # fmt: skip


def text(copy_id: str, item: str = "lamp", strategy: str = "recommendation", *facts: tuple[str, str]) -> dict[str, Any]:
    stated = [{"slot": slot, "value": value, "table": "items", "row": item, "column": slot} for slot, value in facts]
    return {"copy_id": copy_id, "item_id": item, "strategy": strategy, "language": "en", "facts": json.dumps(stated)}


def user_copy(user: str, item: str, offer_id: str | None = None, copy_id: str = "c", **changed: Any) -> dict[str, Any]:
    return {"user_id": user, "item_id": item, "offer_id": offer_id, "copy_id": copy_id, "channel": "card",
            "valid_until": VALID} | changed  # fmt: skip


def with_lists(*places: tuple[str, str], offers: pa.Table | None = None, texts: tuple[str, ...] = ("c",)) -> Tonight:
    listed = TONIGHT.pairs(pa.table({"user_id": [u for u, _ in places], "item_id": [i for _, i in places]}))
    none = table(OFFERS)
    return Tonight(SHOWN, TONIGHT.users, TONIGHT.on_sale, TONIGHT.prices, listed, offers or none, pa.array(texts))


def test_every_product_but_lists_has_a_filter() -> None:
    assert set(FILTERS) == set(PRODUCTS) - {"lists"}


def test_a_portrait_is_carried_while_its_account_exists() -> None:
    rows = table(USER_SEGMENTS, *[{"user_id": u, "segment_id": 1} for u in ("ann", "gone", "bob")])
    assert of_customers(rows, USER_SEGMENTS.name, TONIGHT)["user_id"].to_pylist() == ["ann", "bob"]
    named = table(SEGMENTS, {"segment_id": 1})
    assert of_customers(named, SEGMENTS.name, TONIGHT).equals(named)


def test_likenesses_are_carried_while_both_items_are_on_sale_and_they_are_valid() -> None:
    like = {"kind": "looks_alike", "rank": 1, "score": 0.5, "valid_until": VALID}
    pairs = [("lamp", "lamp"), ("sold", "lamp"), ("lamp", "sold")]
    rows = [{"target_item_id": target, "item_id": item} | like for target, item in pairs]
    carried = of_images(table(SIMILAR_IMAGES, *rows, rows[0] | {"valid_until": OVER}), SIMILAR_IMAGES.name, TONIGHT)
    assert carried["target_item_id"].to_pylist() == ["lamp"]
    seen = [{"item_id": item, "attribute": "colour", "value": "red", "chance": 0.97, "picture": "p", "model": "m"}
            for item in ("lamp", "sold")]  # fmt: skip
    carried = of_images(table(RECOGNISED_ATTRIBUTES, *seen), RECOGNISED_ATTRIBUTES.name, TONIGHT)
    assert carried["item_id"].to_pylist() == ["lamp"]


def test_an_offer_is_carried_while_it_is_valid_and_its_item_is_on_sale() -> None:
    rows = table(OFFERS, offer(), offer("bob", item_id=None), offer("bob", item_id="sold"), offer("gone"),
                 offer(valid_until=OVER))  # fmt: skip
    carried = of_dated(rows, OFFERS.name, TONIGHT)
    assert carried.equals(rows.slice(0, 2))  # each row as it was promised


def test_an_audience_is_carried_without_erased_accounts_and_sold_out_items() -> None:
    row = {"kind": "item", "target": "lamp", "item_id": "lamp", "user_id": "ann", "valid_until": VALID}
    of_segment = row | {"kind": "segment", "target": "1", "item_id": None}
    rows = table(AUDIENCES, row, of_segment, row | {"user_id": "gone"}, row | {"item_id": "sold"},
                 row | {"valid_until": OVER})  # fmt: skip
    assert of_dated(rows, AUDIENCES.name, TONIGHT).equals(rows.slice(0, 2))


def kept_texts(*rows: dict[str, Any]) -> list[str]:
    return of_copy(table(COPY, *rows), COPY.name, TONIGHT)["copy_id"].to_pylist()


def test_a_text_of_an_item_that_is_sold_out_is_left_out() -> None:
    assert kept_texts(text("stays"), text("goes", "sold")) == ["stays"]


def test_a_price_drop_is_carried_only_if_its_price_is_still_right() -> None:
    same, other = (("price", money(price, "CNY", TONIGHT.languages["en"])) for price in (80.0, 79.0))
    assert kept_texts(
        text("same", "lamp", "price_drop", same, ("old_price", "¥99")),
        text("moved", "lamp", "price_drop", other),
        text("no price", "lamp", "price_drop"),
        text("price unknown", "rug", "price_drop", same),
        text("names it too", "lamp", "recommendation", other),
    ) == ["same"]


def test_a_text_about_an_event_is_left_out_as_the_event_may_be_over() -> None:
    basis = [{"slot": "basis", "value": "an event that is on", "table": "seasons", "row": "xmas", "column": "when"}]
    assert kept_texts(text("a", "lamp", "seasonal_event"), text("b") | {"facts": json.dumps(basis)}, text("c")) == ["c"]


def told_to(tonight: Tonight, *rows: dict[str, Any]) -> list[tuple[str, str]]:
    carried = of_copy(table(USER_COPY, *rows), USER_COPY.name, tonight)
    return list(zip(carried["user_id"].to_pylist(), carried["item_id"].to_pylist(), strict=True))


def test_a_user_gets_only_texts_about_items_in_tonights_list() -> None:
    tonight = with_lists(("ann", "lamp"), ("anonymous", "rug"), ("gone", "lamp"))
    rows = [
        user_copy("ann", "lamp"),
        user_copy("ann", "rug"),
        user_copy("bob", "lamp"),
        user_copy("anonymous", "rug"),
        user_copy("gone", "lamp"),
    ]
    assert told_to(tonight, *rows) == [("ann", "lamp"), ("anonymous", "rug")]


def test_a_user_gets_only_texts_that_are_carried_and_valid() -> None:
    tonight = with_lists(("ann", "lamp"), ("ann", "rug"), texts=("kept",))
    rows = [user_copy("ann", "lamp", copy_id="kept"), user_copy("ann", "rug", copy_id="left out"),
            user_copy("ann", "rug", copy_id="kept", valid_until=OVER)]  # fmt: skip
    assert told_to(tonight, *rows) == [("ann", "lamp")]


def test_a_text_with_terms_needs_its_offer() -> None:
    of_item = user_copy("ann", "lamp", "coupon")
    listed = user_copy("bob", "rug", "coupon")
    nowhere = user_copy("bob", "lamp", "coupon")
    offers = table(OFFERS, offer(), offer("bob", item_id=None))
    tonight = with_lists(("bob", "rug"), offers=offers)
    assert told_to(tonight, of_item, listed, nowhere) == [("ann", "lamp"), ("bob", "rug")]
    assert told_to(with_lists(("bob", "rug"), ("ann", "lamp")), of_item, listed) == []


def test_an_offer_with_changed_terms_does_not_count() -> None:
    before = table(OFFERS, offer(), offer("bob", item_id=None))
    assert with_unchanged_terms(before, before).num_rows == 2
    tonight = table(OFFERS, offer(discount_share=0.1), offer("bob", item_id=None, expected_value=5.0))
    assert with_unchanged_terms(tonight, before)["user_id"].to_pylist() == ["bob"]  # its expected value is no term


def test_pairs_number_users_and_items_and_mark_unknown_ones() -> None:
    rows = pa.table(
        {"user_id": ["ann", "ann", "bob", "gone", "ann"], "item_id": ["lamp", "rug", "lamp", "lamp", "sold"]}
    )
    numbers = TONIGHT.pairs(rows)
    assert len(np.unique(numbers[:3])) == 3
    assert numbers[3:].tolist() == [-1, -1]


def test_an_empty_table_stays_empty() -> None:
    for kind, product in ((OFFERS, "offers"), (AUDIENCES, "audiences"), (COPY, "copy"), (USER_COPY, "copy")):
        assert FILTERS[product](table(kind), kind.name, TONIGHT).num_rows == 0


def suggestion(question: str, source: str | None, item: str | None = "lamp", **changed: Any) -> dict[str, Any]:
    return {"question_id": question, "rank": 1, "chance": 0.9, "decision": "answered", "source_table": source,
            "source_id": item, "source_column": "price", "source_hash": "price of lamp",
            "valid_until": VALID} | changed  # fmt: skip


def test_an_answer_is_carried_while_its_source_is_as_it_was() -> None:
    """In this test the digest of a column is its text, so that another item, column or value has another digest."""
    items = {name: lambda column, name=name: f"{column} of {name}" for name in ("lamp", "rug")}
    tonight = replace(TONIGHT, items=items)
    rows = table(
        SUGGESTED_ANSWERS,
        suggestion("holds", "items"), suggestion("changed", "items", source_hash="price of lamp before"),
        suggestion("another", "items", "rug"), suggestion("withdrawn", "items", "gone", source_hash="price of gone"),
        suggestion("over", "items", valid_until=OVER),
        suggestion("policy", "policies", "returns", source_column="text"),
        suggestion("account", "offers", "coupon"),
        suggestion("person", None, None, decision="handed_over", source_hash=None, source_column=None),
        suggestion("person_over", None, None, decision="handed_over", valid_until=OVER),
    )  # fmt: skip
    assert of_service(rows, SUGGESTED_ANSWERS.name, tonight)["question_id"].to_pylist() == ["holds", "person"]
    answers = table(
        ITEM_ANSWERS,
        *(
            {"item_id": item, "topic": topic, "source_column": "size", "source_hash": seen, "valid_until": until}
            for item, topic, seen, until in (
                ("rug", "holds", "size of rug", VALID), ("rug", "changed", "size of mat", VALID),
                ("gone", "withdrawn", "size of gone", VALID), ("rug", "over", "size of rug", OVER),
            )
        ),
    )  # fmt: skip
    assert of_service(answers, ITEM_ANSWERS.name, tonight)["topic"].to_pylist() == ["holds"]
    assert of_service(answers, ITEM_ANSWERS.name, TONIGHT).num_rows == 0  # a night without items carries none
    assert of_service(answers.slice(0, 0), ITEM_ANSWERS.name, tonight).num_rows == 0
