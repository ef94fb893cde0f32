"""`python -m jobs explain`: each answer, compared with the tables that it is about."""

from __future__ import annotations

import argparse
import re
from typing import Any

import pyarrow.compute as pc
import pytest

from jobs.common.on_sale import can_be_shown
from jobs.reports import explain_user
from jobs.runtime.lake import Lake
from schemas.tables import INTEREST, ITEMS, RECOMMENDATIONS, USER_PROFILES, USER_TASTES
from tests.sample import THIRD, Sample, current, shown


def ask(lake: Lake, capsys: pytest.CaptureFixture[str], user: str, item: str | None = None) -> str:
    assert explain_user.main(argparse.Namespace(lake=lake.root, user=user, item=item)) == 0
    return capsys.readouterr().out


@pytest.fixture(scope="module")
def lists(sample: Sample) -> list[dict[str, Any]]:
    return shown(sample.lake, RECOMMENDATIONS).to_pylist()


def test_a_whole_list_with_its_reasons(sample: Sample, lists, capsys) -> None:
    rows = sorted((row for row in lists if row["user_id"] == lists[0]["user_id"]), key=lambda row: row["rank"])
    lines = ask(sample.lake, capsys, lists[0]["user_id"]).splitlines()
    lines = lines[next(index for index, line in enumerate(lines) if line.startswith("list of ")) + 1 :]
    assert len(lines) == len(rows)
    titles = {row["item_id"]: row["title"] for row in current(sample.lake, ITEMS).to_pylist()}
    for line, row in zip(lines, rows, strict=True):
        assert f"{row['item_id']} {titles[row['item_id']]}" in line
        assert row["reason"] in line
        assert ("spare" in line) == row["is_spare"]


def test_a_portrait_with_the_events_behind_it(sample: Sample, lists, capsys) -> None:
    tastes = current(sample.lake, USER_TASTES)
    categories = tastes.filter(pc.equal(tastes["kind"], "category")).sort_by([("strength", "descending")]).to_pylist()
    best = categories[0]
    profiles = {row["user_id"]: row for row in current(sample.lake, USER_PROFILES).to_pylist()}
    answer = ask(sample.lake, capsys, best["user_id"])
    portrait, _, after = answer.partition("list of ")
    assert portrait.startswith(f"portrait of {best['user_id']}")
    assert after
    assert f"stage {profiles[best['user_id']]['stage']}" in portrait
    assert f"{best['value']}; {best['share']:.0%}; {best['evidence']:,} event" in portrait
    items = {row["item_id"]: row for row in current(sample.lake, ITEMS).to_pylist()}
    behind = portrait.partition(f" {best['value']};")[2].splitlines()[1]
    item = re.search(r"(view|cart|purchase|click|wishlist|rating|return) +(\S+)", behind)
    assert item is not None
    assert items[item[2]]["category"] == best["value"]


def test_an_item_of_the_list(sample: Sample, lists, capsys) -> None:
    row = lists[0]
    answer = ask(sample.lake, capsys, row["user_id"], row["item_id"])
    assert f"{row['item_id']} is at place {row['rank']}" in answer
    assert row["reason"] in answer


def test_a_visitor_unknown_that_night_sees_the_anonymous_list(sample: Sample, capsys) -> None:
    assert "sees the list of 'anonymous'" in ask(sample.lake, capsys, "nobody'; DROP TABLE users")


def test_an_item_that_may_not_be_shown(sample: Sample, lists, capsys) -> None:
    items = current(sample.lake, ITEMS)
    hidden = items.filter(pc.invert(can_be_shown(items)))["item_id"][0].as_py()
    answer = ask(sample.lake, capsys, lists[0]["user_id"], hidden)
    assert f"{hidden} is not in the list: it may not be shown" in answer


def test_an_item_nobody_knows(sample: Sample, lists, capsys) -> None:
    assert "it is not in the catalogue of" in ask(sample.lake, capsys, lists[0]["user_id"], "no such item")


def test_an_item_that_is_bought_only_once(sample: Sample, capsys) -> None:
    items = current(sample.lake, ITEMS)
    not_replenishable = items.filter(pc.and_(pc.invert(items["is_replenishable"]), pc.greater(items["stock"], 0)))
    pairs = current(sample.lake, INTEREST)
    bought_once = pc.and_(
        pc.greater(pairs["purchases"], 0), pc.is_in(pairs["item_id"], not_replenishable["item_id"].combine_chunks())
    )
    pair = pairs.filter(bought_once).to_pylist()[0]
    answer = ask(sample.lake, capsys, pair["user_id"], pair["item_id"])
    assert "bought it (last on" in answer or "may not be shown" in answer


def test_an_item_that_was_outranked_or_never_proposed(sample: Sample, lists, capsys) -> None:
    pairs, items = current(sample.lake, INTEREST), current(sample.lake, ITEMS)
    on_sale = set(items.filter(can_be_shown(items))["item_id"].to_pylist())
    user = next(row["user_id"] for row in lists if row["fallback_level"] == 0)
    listed = {row["item_id"] for row in lists if row["user_id"] == user}
    touched = set(pairs.filter(pc.equal(pairs["user_id"], user))["item_id"].to_pylist())
    answers = "".join(ask(sample.lake, capsys, user, item) for item in sorted(on_sale - listed - touched))
    assert "candidates score higher" in answers
    assert re.search(r"its rank in each source: .*popularity \d", answers)
    assert re.search(r"the parts of its score: .*item [+-]", answers)


def test_nothing_published_yet(tmp_path) -> None:
    with pytest.raises(FileNotFoundError, match="nothing was ever published here"):
        explain_user.main(argparse.Namespace(lake=str(tmp_path), user="u", item=None))


def test_the_models_behind_a_list_and_what_they_read_are_named(sample: Sample, lists, capsys) -> None:
    answer = ask(sample.lake, capsys, lists[0]["user_id"]).partition("list of ")[0]
    assert f"made with: als of {THIRD}" in answer
    assert "ranker of" in answer
    assert "own.views" not in answer
    assert re.search(r"the ranker reads, the most important first: \w+ \d+% \(", answer)
    assert "popular, first with users of the same country" in answer
    assert "reads gender" in answer
