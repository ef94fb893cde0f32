"""An experiment on copy in the sample shop: which users get which texts, what is written for it, how it is judged."""

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


def declared(template: str) -> dict[str, Any]:
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
                    {"name": "one", "share": 0.25, "changes": {"copy": [template]}},
                    {"name": "model", "share": 0.25, "changes": {"copy": ["model"]}},
                ],
            }
        ]
    }


@pytest.fixture(scope="module")
def template(sample: Sample) -> str:
    """The template that most cards of the second night have."""
    copy = current(sample.lake, COPY, SECOND)
    counts = pc.value_counts(copy.filter(pc.equal(copy["channel"], "card"))["wording"]).to_pylist()
    return max(counts, key=lambda row: (row["counts"], row["values"]))["values"]


def night_of(shop: Sample, day: date, run: str, template: str) -> Night:
    return shop.night(day, run, experiments=declared(template))


@pytest.fixture(scope="module")
def shop(sample: Sample, template: str, tmp_path_factory: pytest.TempPathFactory) -> Sample:
    """The last two nights' lists, copy and judgement, made again as run 002 with the experiment."""
    copied = sample.copy(tmp_path_factory.mktemp("words") / "lake")
    for day in (SECOND, THIRD):
        night = night_of(copied, day, "002", template)
        for job in (recommend_items, write_copy, judge_experiments):
            night.begin(job.__name__.rpartition(".")[2])
            job.main(night)
            night.end()
        for table in MADE:
            version = night.version(table)
            assert broken_rules(night, table, version, 10**6)[1] == [], table.name
            copied.lake.make_current(version)
        publish_night.main(night)
    return copied


def briefs_of(rows: list[dict[str, Any]]) -> dict[Brief, list[dict[str, Any]]]:
    rows_by_brief = defaultdict(list)
    for row in rows:
        rows_by_brief[Brief(*(row[name] for name in Brief._fields))].append(row)
    return rows_by_brief


def of_arm(shop: Sample, arm: str, day: date = SECOND) -> set[str]:
    lists = current(shop.lake, RECOMMENDATIONS, day)
    return set(lists.filter(pc.equal(lists["arm"], arm))["user_id"].to_pylist())


def user_copy_of(shop: Sample, users: set[str] | None = None, day: date = SECOND) -> list[dict[str, Any]]:
    return [row for row in current(shop.lake, USER_COPY, day).to_pylist() if users is None or row["user_id"] in users]


def test_users_whose_copy_no_arm_changes_get_the_texts_of_no_experiment(shop: Sample, sample: Sample) -> None:
    usual = of_arm(shop, "words=control") | of_arm(shop, "all")
    assert len(usual) > 20
    assert user_copy_of(shop, usual) == user_copy_of(sample, usual) != []
    # Only 'model' may write for this arm, and there is no copywriter: its users still get the usual copy.
    without = of_arm(shop, "words=model")
    assert user_copy_of(shop, without) == user_copy_of(sample, without) != []


def test_users_of_the_arm_get_its_template_wherever_it_has_a_text(shop: Sample, sample: Sample, template: str) -> None:
    copy = {row["copy_id"]: row for row in current(shop.lake, COPY, SECOND).to_pylist()}
    with_template = {
        brief for brief, rows in briefs_of(list(copy.values())).items() if template in {r["wording"] for r in rows}
    }
    usual = set(current(sample.lake, COPY, SECOND)["copy_id"].to_pylist())
    counts = {True: 0, False: 0}
    for row in user_copy_of(shop, of_arm(shop, "words=one")):
        (brief,) = briefs_of([copy[row["copy_id"]]])
        counts[brief in with_template] += 1
        if brief in with_template:
            assert (copy[row["copy_id"]]["wording"], row["share"]) == (template, 1.0)
        else:
            assert row["copy_id"] in usual  # which of them depends on the rest of the list
    assert min(counts.values()) > 20


def test_texts_that_the_arm_needs_are_written_once_beside_the_usual_texts(
    shop: Sample, sample: Sample, template: str
) -> None:
    copy, before = current(shop.lake, COPY, SECOND), current(sample.lake, COPY, SECOND)
    usual = is_usual(copy, CopyConfig().texts_of)
    assert copy.filter(usual).equals(before)
    added = copy.filter(pc.invert(usual)).to_pylist()
    assert {row["wording"] for row in added} == {template}
    assert {row["made_on"] for row in added} == {SECOND}
    # A text is only written again if its item's description has changed.
    third = current(shop.lake, COPY, THIRD).to_pylist()
    lately = {(row["copy_id"], row["content_hash"]) for row in third if row["made_on"] == THIRD}
    assert lately.isdisjoint((row["copy_id"], row["content_hash"]) for row in added)
    report = night_of(shop, THIRD, "002", template).facts("write_copy")
    assert report["carried_over"] > 0.2 * report["texts"]


def test_the_experiment_is_judged_like_any_other(shop: Sample) -> None:
    results = {row["arm"]: row for row in current(shop.lake, EXPERIMENT_RESULTS).to_pylist()}
    assert set(results) == {"control", "one", "model"}
    assert {row["status"] for row in results.values()} == {"planned size reached"}
    assert all(row["mean"] is not None for row in results.values())


def test_an_unknown_template_fails_the_copy_and_not_the_lists(shop: Sample) -> None:
    night = night_of(shop, THIRD, "003", "t-0123456789")
    recommend_items.main(night)
    assert shop.lake.version(RECOMMENDATIONS, THIRD, "003") is not None
    with pytest.raises(ValueError, match="words=one: copy has no 't-0123456789'; there are model, template, tuned"):
        write_copy.main(night)
    assert shop.lake.version(COPY, THIRD, "003") is None
