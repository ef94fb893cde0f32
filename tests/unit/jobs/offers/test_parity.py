"""Parity: groups are compared after the choice; only the reports by group read gender or age."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from jobs.offers import parity
from jobs.offers.parity import judged


def test_parity_compares_groups_and_says_where_it_cannot() -> None:
    def row(attribute: str, group: str, users: int, hits: int) -> dict[str, Any]:
        return {
            "attribute": attribute,
            "group": group,
            "users": users,
            "users_with_offer": hits,
            "total": 10.0 * hits,
            "squares": 100.0 * hits,
        }

    table = judged(
        [
            row("gender", "f", 400, 100),
            row("gender", "m", 400, 40),
            row("gender", "x", 5, 5),
            row("country", "FR", 405, 70),
            row("country", "DE", 400, 75),
            row("age_band", "unknown", 805, 145),
        ],
        least_users=30,
    )
    rows = {(r["attribute"], r["group"]): r for r in table.to_pylist()}
    assert (rows["gender", "f"]["verdict"], rows["gender", "f"]["share"]) == ("more than others", 0.25)
    assert (rows["gender", "m"]["verdict"], rows["gender", "m"]["mean_discount"]) == ("less than others", 10.0)
    assert rows["gender", "f"]["share_low"] < 0.25 < rows["gender", "f"]["share_high"]
    assert (rows["gender", "x"]["verdict"], rows["gender", "x"]["share"]) == ("not enough data", None)
    assert rows["country", "FR"]["verdict"] == "as others"
    assert (rows["gender", "m"]["selection_ratio"], rows["gender", "m"]["is_below_four_fifths"]) == (0.4, True)
    assert (rows["gender", "f"]["selection_ratio"], rows["gender", "f"]["is_below_four_fifths"]) == (1.0, False)
    assert rows["gender", "x"]["selection_ratio"] is None
    assert rows["country", "FR"]["is_below_four_fifths"] is False
    assert rows["age_band", "unknown"]["verdict"] == "not enough data"  # no ages at all: nobody to compare with
    assert judged([], least_users=30).num_rows == 0


def test_a_night_without_offers_flags_nobody() -> None:
    row = {"attribute": "gender", "users": 400, "users_with_offer": 0, "total": 0.0, "squares": 0.0}
    rows = judged([row | {"group": group} for group in ("f", "m")], least_users=30).to_pylist()
    assert [(parity_row["selection_ratio"], parity_row["is_below_four_fifths"]) for parity_row in rows] == [
        (None, None)
    ] * 2


def test_only_portraits_and_the_two_reports_by_group_read_gender_and_age() -> None:
    """Lists, offers and prices do not read them, nor do segments, propensities and tastes. The reports come later."""
    named = re.compile(r"""["'](gender|age|age_band)["']""")
    rooms = Path(parity.__file__).parents[2]
    code = [
        path for room in ("jobs", "models") for path in (rooms / room).rglob("*.py") if "sample_shop" not in path.parts
    ]
    readers = {path.name for path in code if named.search(path.read_text("utf-8"))}
    # the page of fairness has them in the headings of the two reports' results
    makes_and_shows, reads_years_in_texts = {"portraits.py", "portrait.py", "fairness_page.py"}, {"figure_patterns.py"}
    # these propose mappings of columns, and read no person's values
    proposes_mappings = {"column_guess.py", "source_guess.py", "source_words.py", "source_toml.py"}
    assert readers - makes_and_shows - reads_years_in_texts - proposes_mappings == {"parity.py", "group_quality.py"}
