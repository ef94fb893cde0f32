"""exposure.html and the cards of models.html, for nights with much, little or no data."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from jobs.common.private_release import Spent
from jobs.pages.drawing import html_of
from jobs.pages.fairness_page import fairness_page
from jobs.pages.models_page import models_page
from jobs.pages.night_facts import NightFacts
from jobs.runtime.lake import Lake
from jobs.runtime.table_writer import write_arrow
from schemas.arrow import arrow_schema
from schemas.table import Table
from schemas.tables import EXPOSURE, GROUP_QUALITY, LIST_QUALITY, OFFER_PARITY
from tests.hostile_rows import MARKUP

DAY = dt.date(2026, 1, 6)
FIGURES = {"gini": 0.8, "coverage": 0.5, "popularity_lift": None, "tail_exposure": 0.1}


def night(tmp_path: Path, **reports: dict[str, Any]) -> NightFacts:
    return NightFacts(Lake(str(tmp_path)), DAY, "001", reports)


def put(facts: NightFacts, table: Table, *rows: dict[str, Any]) -> None:
    data = pa.Table.from_pylist([{name: row.get(name) for name in table.names} for row in rows], arrow_schema(table))
    write_arrow(data, table, facts.lake, str(DAY), "001")


def drawn(facts: NightFacts) -> str:
    page = fairness_page(facts, [{"date": str(DAY - dt.timedelta(days=1))}, {"date": str(DAY), "exposure": FIGURES}])
    return html_of(page, [(page.name, page.title)], str(DAY), "001")


def brand(name: str, **more: Any) -> dict[str, Any]:
    row = {"kind": "brand", "role": "group", "group": name, "members": 1, "items": 4, "items_shown": 2, "places": 9}
    return row | {"exposure_share": 0.25, "catalogue_share": 0.5, "sales_share": None} | more


def group(name: str, users: int = 40, **more: Any) -> dict[str, Any]:
    row = {"truth": "all purchases", "metric": "ndcg@12", "attribute": "country", "group": name, "users": users}
    none = {"verdict": "not enough data", "matched_verdict": "not enough data"}
    return row | none | more


def test_a_night_without_lists_and_offers_says_so(tmp_path: Path) -> None:
    page = drawn(night(tmp_path))
    assert "Nothing was measured" in page
    assert "Nothing was judged" in page
    assert "There are no offers tonight" in page


def test_a_share_stands_beside_those_of_catalogue_and_sales(tmp_path: Path) -> None:
    facts = night(tmp_path, measure_exposure={"figures": FIGURES})
    put(facts, EXPOSURE, brand("Oak"), brand("others", role="others", members=49_950))
    page = drawn(facts)
    assert "50% of the items on sale" in page
    assert "49,950 others" in page
    assert ">0.50<" in page  # half the exposure of its share of the catalogue
    assert "say nothing of: more and less popular items, sellers" in page


def test_a_hostile_brand_or_country_is_shown_as_it_stands(tmp_path: Path) -> None:
    facts = night(tmp_path)
    put(facts, EXPOSURE, *(brand(f"{text}{number}") for number, text in enumerate(MARKUP)))
    put(facts, GROUP_QUALITY, *(group(f"{text}{number}") for number, text in enumerate(MARKUP)))
    put(facts, OFFER_PARITY, parity(MARKUP[0], 0.1))
    page = drawn(facts)
    assert "&lt;" in page
    assert "<iframe" not in page
    assert "<img" not in page


def parity(name: str, ratio: float | None) -> dict[str, Any]:
    flagged = None if ratio is None else ratio < 0.8
    return {"attribute": "country", "group": name, "users": 50, "users_with_offer": 3, "selection_ratio": ratio,
            "is_below_four_fifths": flagged, "verdict": "as others"}  # fmt: skip


def test_a_group_with_few_offers_is_marked(tmp_path: Path) -> None:
    facts = night(tmp_path)
    put(facts, OFFER_PARITY, parity("FR", 1.0), parity("DE", 0.5), parity("XX", None))
    assert "country, DE: 0.50 of the share" in drawn(facts)
    assert drawn(facts).count('class="unusual"') <= 1


def test_the_page_is_bounded(tmp_path: Path) -> None:
    facts = night(tmp_path)
    put(facts, EXPOSURE, *(brand(f"b{n}") for n in range(5_000)))
    put(facts, GROUP_QUALITY, *(group(f"c{n}") for n in range(5_000)))
    put(facts, OFFER_PARITY, *(parity(f"c{n}", 0.1) for n in range(5_000)))
    assert len(drawn(facts)) < 400_000
    assert "60 of 5000 rows" in drawn(facts)


def a_model(facts: NightFacts, name: str, manifest: dict[str, Any], **promotion: Any) -> None:
    folder = ("models", name, "date=2026-01-05", "run=001")
    facts.lake.put_json({"model": name, "config": {"seed": 7}} | manifest, *folder, "manifest.json")
    facts.lake.put_json(promotion, *folder, "promotion.json")
    facts.lake.put_json({"run": "001"}, *folder[:-1], "_current.json")


def test_a_card_names_data_date_figures_features_settings_and_limits(tmp_path: Path) -> None:
    facts = night(tmp_path)
    judged = {"new": 0.2, "running": 0.1, "low": 0.05, "high": 0.15, "users": 77}
    a_model(facts, "ranker", {"features": ["own.views", "als.rank"], "rounds": 9}, promoted=True, **{"ndcg@12": judged})
    quality = {"truth": "all purchases", "cut": "all", "metric": "ndcg@12", "value": 0.3, "low": 0.2, "high": 0.4}
    put(facts, LIST_QUALITY, quality | {"lists": "published", "users": 90})
    put(facts, GROUP_QUALITY, group("FR", value=0.31, low=0.21, high=0.41, verdict="as others"))
    page = html_of(models_page(facts), [], str(DAY), "001")
    for words in ("2026-01-05", "clean_events, items", "It must not be used for prices", "+0.0500 … +0.1500", "77",
                 "own: views; als: rank", "0.2100 – 0.4100", "seed"):  # fmt: skip
        assert words in page, words


@pytest.mark.parametrize("name", ["segments", "unheard_of"])
def test_a_card_without_figures_by_group_says_so(tmp_path: Path, name: str) -> None:
    facts = night(tmp_path)
    a_model(facts, name, {})
    assert "No figure by groups of people is measured" in html_of(models_page(facts), [], str(DAY), "001")


def test_the_ledger_of_privacy_says_what_is_spent_of_the_budget(tmp_path: Path) -> None:
    assert "differential privacy is off" in drawn(night(tmp_path))
    facts = night(tmp_path, rank_popular_items={"privacy_budget": {"epsilon": 2.0, "delta": 1e-4}})
    for day in (DAY - dt.timedelta(days=7), DAY, DAY + dt.timedelta(days=1)):
        entry = Spent("popular_items", str(day), "001", epsilon=0.75, delta=1e-6, noise={})
        facts.lake.put_json(asdict(entry), "privacy", "popular_items", f"date={day}", "run=001", "spent.json")
    page = drawn(facts)
    assert "differential privacy is off" not in page
    assert "All 2 releases together have spent epsilon 1.5 / 2 and delta 2e-06 / 0.0001" in page  # no later ones
    assert ">2026-01-06<" in page
    assert ">2026-01-07<" not in page
