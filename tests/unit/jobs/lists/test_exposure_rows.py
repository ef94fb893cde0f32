"""Exposure of groups of items: shares that add up, bounded rows, and shops without the attributes of groups."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from jobs.lists.exposure_rows import LESS, MORE, exposure_rows, figures_of
from schemas.tables.fairness import EXPOSURE_KINDS
from tests.hostile_rows import MARKUP

RNG = np.random.default_rng(0)


def catalogue(n: int, sales: Sequence[float] | None = None, **groups: list[str | None]) -> pa.Table:
    """n items on sale, the first of them shown most; `groups` are columns, all others without a value."""
    named = {kind: groups.get(kind, [None] * n) for kind in EXPOSURE_KINDS if kind != "popularity"}
    columns = {name: pa.array(values, pa.string()) for name, values in named.items()}
    places = np.arange(n)[::-1]
    return pa.table(
        {
            "item_id": [f"i{number:06d}" for number in range(n)],
            **columns,
            "places": places,
            "exposure": places * 0.5,
            "sales": np.zeros(n) if sales is None else np.asarray(sales, float),
            "on_sale": np.ones(n, bool),
        }
    )


def of_kind(rows: list[dict[str, Any]], kind: str) -> dict[tuple[str, str], dict[str, Any]]:
    return {(row["role"], row["group"]): row for row in rows if row["kind"] == kind}


def test_shares_of_a_kind_add_up_to_one() -> None:
    items = catalogue(200, RNG.random(200).tolist(), brand=[f"b{n % 7}" if n % 5 else None for n in range(200)])
    rows = list(of_kind(exposure_rows(items, 3), "brand").values())
    assert [row["role"] for row in rows] == ["group"] * 3 + ["others", "unknown"]
    assert [row["members"] for row in rows] == [1, 1, 1, 4, 1]
    for name in ("exposure_share", "catalogue_share", "sales_share"):
        assert sum(row[name] for row in rows) == pytest.approx(1)


def test_fifty_thousand_brands_are_fifty_rows_and_the_others() -> None:
    rows = exposure_rows(catalogue(50_000, brand=[f"b{n}" for n in range(50_000)]), 50)
    assert len(rows) == 51
    assert rows[-1]["members"] == 49_950


def test_a_brand_called_others_or_unknown_is_not_mistaken() -> None:
    brands = ["others", "unknown", *(f"b{n}" for n in range(8)), None]
    rows = of_kind(exposure_rows(catalogue(11, brand=brands), 4), "brand")
    assert {("group", "others"), ("others", "others"), ("group", "unknown"), ("unknown", "unknown")} <= set(rows)


def test_a_hostile_name_stays_as_it_is() -> None:
    rows = of_kind(exposure_rows(catalogue(2, brand=[MARKUP[0], "b"]), 5), "brand")
    assert ("group", MARKUP[0]) in rows


def test_one_endless_name_among_many_costs_no_more_than_itself() -> None:
    rows = exposure_rows(catalogue(5_000, brand=["x" * 1_000_000, *(f"b{n}" for n in range(4_999))]), 50)
    assert len(rows) == 51


def test_a_group_that_is_stocked_and_never_shown_is_seen() -> None:
    items = catalogue(100, brand=["loud" if n < 60 else "still" for n in range(100)])
    items = items.set_column(items.column_names.index("exposure"), "exposure", pa.array([1.0] * 60 + [0.0] * 40))
    still = of_kind(exposure_rows(items, 5), "brand")["group", "still"]
    assert (still["exposure_share"], still["catalogue_share"]) == (0, 0.4)


def test_a_shop_without_brands_and_sellers_has_no_such_rows() -> None:
    assert exposure_rows(catalogue(5), 5) == []
    assert {row["kind"] for row in exposure_rows(catalogue(5, [1, 0, 0, 0, 2]), 5)} == {"popularity"}


def test_one_group_alone_has_everything() -> None:
    (row,) = of_kind(exposure_rows(catalogue(5, brand=["b"] * 5), 5), "brand").values()
    assert (row["exposure_share"], row["catalogue_share"], row["sales_share"]) == (1, 1, None)


def test_the_halves_are_those_of_sales() -> None:
    rows = of_kind(exposure_rows(catalogue(4, [9, 8, 0, 0]), 5), "popularity")
    assert rows["group", MORE]["sales_share"] == 1
    assert rows["group", LESS]["exposure_share"] == pytest.approx(1 / 6)


def test_figures_of_a_night_on_which_nobody_bought_say_so() -> None:
    figures = figures_of(catalogue(4))
    assert figures["popularity_lift"] is None
    assert figures["tail_exposure"] is None
    assert figures["coverage"] == 0.75
    assert figures_of(catalogue(0))["coverage"] == 0


def test_items_that_are_not_on_sale_count_for_no_figure() -> None:
    items = catalogue(4, [9, 8, 0, 0])
    hidden = items.set_column(items.column_names.index("on_sale"), "on_sale", pa.array([True, True, True, False]))
    assert figures_of(hidden)["coverage"] == 1
