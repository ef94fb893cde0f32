"""Which columns an input needs, also columns that are named only in its SQL."""

from __future__ import annotations

from schemas.sources.mapping import with_paths
from schemas.sources.reading import parse_source
from tests.unit.schemas.sources.test_reading import changed


def test_the_name_of_a_generator_in_text_or_as_a_column_is_allowed() -> None:
    derived = {"price": "CASE WHEN note = 'explode(x)' THEN stack END"}
    assert parse_source(changed("events.derived", derived)).events.derived["price"].endswith("stack END")


def test_paths_in_sql_become_columns_and_nothing_else_does() -> None:
    sql = "concat(customer.id, 'customer.id', `customer.id`, filter(tags, t -> t.id = 1), f.g(x), 1.5, a.customer.id)"
    spec = with_paths(parse_source(changed("events.derived", {"order_id": sql})).events, lambda p: p[:3] == "cus")
    assert spec.derived["order_id"] == sql.replace("customer.id, 'cus", "`customer.id`, 'cus")


def test_sql_words_are_neither_text_nor_functions() -> None:
    raw = changed("events.derived", {"price": "coalesce(`unit price`, try_cast(cost AS DOUBLE), 'free')"})
    words = parse_source(raw).events.sql_words
    assert {"unit price", "cost"} <= words
    assert not {"coalesce", "try_cast", "free"} & words
