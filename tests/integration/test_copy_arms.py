"""An experiment on copy on the sample shop: who is told what, what is written for it, and how it is judged."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from typing import Any

import pyarrow.compute as pc
import pytest

from jobs.copywriting import write_copy
from jobs.copywriting.briefs import Brief, is_usual
from jobs.copywriting.rules import CopyConfig
from jobs.experiments import judge_experiments
from jobs.lists import recommend_items
from jobs.publishing import publish_night
from jobs.runtime.gate import broken_rules
from jobs.runtime.night import Night
from schemas.tables import (
    BANDIT_MOVES,
    COPY,
    COPY_CLICKS,
    COPY_SHARES,
    EXPERIMENT_OUTCOMES,
    EXPERIMENT_RESULTS,
    RECOMMENDATIONS,
    REJECTED_COPY,
    SIMILAR_ITEMS,
    USER_COPY,
)
from tests.sample import SECOND, THIRD, Sample, current

MADE = (RECOMMENDATIONS, SIMILAR_ITEMS, COPY, REJECTED_COPY, COPY_SHARES, COPY_CLICKS, USER_COPY, EXPERIMENT_OUTCOMES,
        EXPERIMENT_RESULTS, BANDIT_MOVES)  # fmt: skip
GROUP = ("strategy", "style", "channel", "language")


def declared(named: str) -> dict[str, Any]:
    return {
        "running": [
            {
                "name": "words",
                "salt": "s",
                "starts_on": str(SECOND),
                "metric": "listed_clicks",
                "planned_users": 5,
                "arms": [
                    {"name": "control", "share": 0.5},
                    {"name": "one", "share": 0.25, "changes": {"copy": [named]}},
                    {"name": "model", "share": 0.25, "changes": {"copy": ["model"]}},
                ],
            }
        ]
    }


@pytest.fixture(scope="module")
def named(sample: Sample) -> str:
    """The template that most cards of the second night have."""
    copy = current(sample.lake, COPY, SECOND)
    counts = pc.value_counts(copy.filter(pc.equal(copy["channel"], "card"))["wording"]).to_pylist()
    return max(counts, key=lambda one: (one["counts"], one["values"]))["values"]


def night_of(shop: Sample, day: date, run: str, named: str) -> Night:
    return shop.night(day, run, experiments=declared(named))


@pytest.fixture(scope="module")
def shop(sample: Sample, named: str, tmp_path_factory: pytest.TempPathFactory) -> Sample:
    """Lists, copy and judgement of the last two nights anew, as run 002, under the experiment."""
    mine = sample.copy(tmp_path_factory.mktemp("words") / "lake")
    for day in (SECOND, THIRD):
        night = night_of(mine, day, "002", named)
        for job in (recommend_items, write_copy, judge_experiments):
            night.begin(job.__name__.rpartition(".")[2])
            job.main(night)
            night.end()
        for table in MADE:
            version = night.version(table)
            assert broken_rules(night, table, version, 10**6)[1] == [], table.name
            mine.lake.make_current(version)
        publish_night.main(night)
    return mine


def briefs_of(rows: list[dict[str, Any]]) -> dict[Brief, list[dict[str, Any]]]:
    found = defaultdict(list)
    for row in rows:
        found[Brief(*(row[name] for name in Brief._fields))].append(row)
    return found


def of_arm(shop: Sample, arm: str, day: date = SECOND) -> set[str]:
    lists = current(shop.lake, RECOMMENDATIONS, day)
    return set(lists.filter(pc.equal(lists["arm"], arm))["user_id"].to_pylist())


def told(shop: Sample, users: set[str] | None = None, day: date = SECOND) -> list[dict[str, Any]]:
    return [row for row in current(shop.lake, USER_COPY, day).to_pylist() if users is None or row["user_id"] in users]


def test_whoever_is_in_no_arm_of_the_copy_is_told_what_he_is_told_without_an_experiment(
    shop: Sample, sample: Sample
) -> None:
    usual = of_arm(shop, "words=control") | of_arm(shop, "all")
    assert len(usual) > 20
    assert told(shop, usual) == told(sample, usual) != []
    # 'model' alone may write for them, and there is no copywriter: nobody goes without copy.
    without = of_arm(shop, "words=model")
    assert told(shop, without) == told(sample, without) != []


def test_an_arm_is_told_the_one_template_wherever_there_is_a_text_of_it(
    shop: Sample, sample: Sample, named: str
) -> None:
    copy = {row["copy_id"]: row for row in current(shop.lake, COPY, SECOND).to_pylist()}
    has = {brief for brief, rows in briefs_of(list(copy.values())).items() if named in {r["wording"] for r in rows}}
    usual = set(current(sample.lake, COPY, SECOND)["copy_id"].to_pylist())
    counts = {True: 0, False: 0}
    for row in told(shop, of_arm(shop, "words=one")):
        (brief,) = briefs_of([copy[row["copy_id"]]])
        counts[brief in has] += 1
        if brief in has:
            assert (copy[row["copy_id"]]["wording"], row["share"]) == (named, 1.0)
        else:
            assert row["copy_id"] in usual  # which of them depends on the rest of the list
    assert min(counts.values()) > 20


def test_what_the_arm_lacked_was_written_beside_the_usual_texts_and_only_once(
    shop: Sample, sample: Sample, named: str
) -> None:
    copy, before = current(shop.lake, COPY, SECOND), current(sample.lake, COPY, SECOND)
    usual = is_usual(copy, CopyConfig().texts_of)
    assert copy.filter(usual).equals(before)
    added = copy.filter(pc.invert(usual)).to_pylist()
    assert {row["wording"] for row in added} == {named}
    assert {row["made_on"] for row in added} == {SECOND}
    # A text is only written again where what its item says has changed.
    third = current(shop.lake, COPY, THIRD).to_pylist()
    lately = {(row["copy_id"], row["content_hash"]) for row in third if row["made_on"] == THIRD}
    assert lately.isdisjoint((row["copy_id"], row["content_hash"]) for row in added)
    report = night_of(shop, THIRD, "002", named).facts("write_copy")
    assert report["carried_over"] > 0.2 * report["texts"]


def test_it_is_judged_as_any_other_experiment(shop: Sample) -> None:
    results = {row["arm"]: row for row in current(shop.lake, EXPERIMENT_RESULTS).to_pylist()}
    assert set(results) == {"control", "one", "model"}
    assert {row["status"] for row in results.values()} == {"planned size reached"}
    assert all(row["mean"] is not None for row in results.values())


def test_a_template_that_there_is_not_costs_the_copy_and_not_the_lists(shop: Sample) -> None:
    night = night_of(shop, THIRD, "003", "t-0123456789")
    recommend_items.main(night)
    assert shop.lake.version(RECOMMENDATIONS, THIRD, "003") is not None
    with pytest.raises(ValueError, match="words=one: copy has no 't-0123456789'; there are model, template, tuned"):
        write_copy.main(night)
    assert shop.lake.version(COPY, THIRD, "003") is None
