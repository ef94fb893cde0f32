"""Copy in the arms of experiments: which texts are written in addition to the usual ones, and which an arm gets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from jobs.copywriting.briefs import Brief, Draft, in_turns
from jobs.copywriting.carry_over import carried_over, with_redrafts
from jobs.copywriting.experiment_texts import (
    EVERYBODY,
    NONE_OF_KIND,
    find_missing,
    kinds_of,
    texts_by_arm,
    without_the_ended,
    write_missing,
)
from jobs.copywriting.rules import CopyConfig, CopyRules
from jobs.copywriting.wording_shares import Arm
from jobs.copywriting.write_many import copy_table, write_all
from jobs.copywriting.writer import SaidTexts
from schemas.arrow import arrow_schema
from schemas.tables.copywriting import COPY, REJECTED_COPY
from tests.unit.jobs.copywriting.copy_shop import brief, inputs_of, item, items_of, write

CONFIG = CopyConfig(variants=1, card_variants=1)
RULES = CopyRules.load(CONFIG)
ITEMS_OF_SHOP = items_of([item(), item("g2", title="Tanka oak lamp", title_zh=None, brand="Tanka", description_zh=None,
                               attributes='{"material": "oak"}')])  # fmt: skip
BRIEFS = [brief(), brief(channel="card"), brief("g2"), brief("g2", language="zh")]
PUSH = [t.name for t in RULES.templates.of("recommendation", "push", "en", "plain")]
SAID = {
    "g1": ["A beige speaker for your evenings.", "Wired, in beige, by Ivo."],
    "g2": ["Oak, and a warm light beside your chair.", "Made of oak, by Tanka."],
}


# The copywriter's drafts; it knows no Chinese.
BY_MODEL = {b: [Draft(text, "model", "model") for text in SAID[b.item_id] if b.language == "en"] for b in BRIEFS}


def night(
    kinds: Sequence[str] = (),
    last: tuple[pa.Table, pa.Table] | None = None,
    drafts: Mapping[Brief, Sequence[Draft]] | None = None,
    shares: Mapping[Arm, float] | None = None,
    most_drafted: int = 100,
) -> tuple[pa.Table, pa.Table, list[Brief]]:
    """(COPY, REJECTED_COPY, briefs for which texts were written) of a night after `last`, made like write_copy."""
    before, refused = last or (arrow_schema(COPY).empty_table(), arrow_schema(REJECTED_COPY).empty_table())
    carried = carried_over(before, refused, BRIEFS, ITEMS_OF_SHOP, RULES, shares or {})
    carried = with_redrafts(carried, BRIEFS, "m" if drafts else "", lambda _: True, most_drafted)
    stands = without_the_ended(carried.copy, kinds, CONFIG)
    inputs, said = inputs_of(ITEMS_OF_SHOP, RULES, shares, kinds, "m" if drafts else ""), SaidTexts()
    missing = find_missing(inputs, stands, refused, BRIEFS)
    drafted = {brief: (drafts or {})[brief] for brief in carried.todo[:most_drafted]} if drafts else {}
    written, wrong = write_all(inputs, said, carried.todo, drafted, stands)
    usual = pa.concat_tables([stands, written])
    added, in_vain = write_missing(inputs, said, missing, usual)
    tried = [*carried.todo, *dict.fromkeys(b for those in missing.briefs.values() for b in those)]
    return pa.concat_tables([usual, added]), pa.concat_tables([carried.rejected, wrong, in_vain]), tried


def sources(copy: pa.Table, of: Brief) -> list[str]:
    rows = sorted((row for row in copy.to_pylist() if Brief(*(row[n] for n in Brief._fields)) == of),
                  key=lambda row: row["variant"])  # fmt: skip
    return [row["source"] for row in rows]


def not_of(copy: pa.Table, of: Brief) -> str:
    """A template of the brief's group from which the brief has no text."""
    its = {row["wording"] for row in copy.to_pylist() if Brief(*(row[n] for n in Brief._fields)) == of}
    return next(name for name in PUSH if name not in its)


def content(copy: pa.Table) -> list[dict]:
    return copy.drop_columns("made_on").sort_by("copy_id").to_pylist()


def test_without_an_experiment_there_are_the_usual_texts() -> None:
    copy, refused, _ = night(drafts=BY_MODEL)
    assert sources(copy, brief()) == ["model"]
    assert NONE_OF_KIND not in refused["reason"].to_pylist()
    assert night(drafts=BY_MODEL, last=(copy, refused))[2] == []


def test_a_kind_that_an_experiment_asks_for_is_written_beside_the_usual() -> None:
    usual, _, _ = night(drafts=BY_MODEL)
    copy, _, _ = night(["template"], drafts=BY_MODEL)
    assert sources(copy, brief()) == ["model", "template"]
    assert sources(copy, brief("g2", language="zh")) == ["template"]  # no title in Chinese: only templates
    assert content(copy.filter(pc.less(copy["variant"], CONFIG.variants))) == content(usual)


def test_an_experiment_that_begins_adds_what_is_missing_once_and_one_that_ends_takes_it_away() -> None:
    usual = night(drafts=BY_MODEL)
    *running, tried = night(["template"], usual[:2], BY_MODEL)
    assert tried == BRIEFS[:3]
    assert content(running[0]) == content(night(["template"], drafts=BY_MODEL)[0])
    assert night(["template"], tuple(running), BY_MODEL)[2] == []  # type: ignore[arg-type]
    assert content(night([], tuple(running), BY_MODEL)[0]) == content(usual[0])  # type: ignore[arg-type]


def test_a_text_that_cannot_be_written_is_tried_once() -> None:
    chinese = RULES.templates.of("recommendation", "push", "zh", "plain")
    named = next(t.name for t in chinese if t.needs & {"kind", "detail", "details"})  # of g2 none is known in Chinese
    usual = night()
    *running, tried = night([named], usual[:2])
    assert tried == BRIEFS[3:]
    in_vain = [row for row in running[1].to_pylist() if row["reason"] == NONE_OF_KIND]
    assert [(row["item_id"], row["language"], row["detail"]) for row in in_vain] == [("g2", "zh", named)]
    *again, tried = night([named], tuple(running))  # type: ignore[arg-type]
    assert tried == []
    assert NONE_OF_KIND in again[1]["reason"].to_pylist()


def test_briefs_beyond_the_copywriters_time_are_drafted_on_later_nights() -> None:
    usual = night()
    first = night(["model"], usual[:2], BY_MODEL, most_drafted=1)
    assert [sources(first[0], b) for b in BRIEFS] == [["model"], *[["template"]] * 3]
    second = night(["model"], first[:2], BY_MODEL, most_drafted=3)
    assert second[2] == in_turns(BRIEFS[1:])
    assert [sources(second[0], b) for b in BRIEFS] == [*[["model"]] * 3, ["template"]]
    assert night(["model"], second[:2], BY_MODEL)[2] == []
    assert NONE_OF_KIND not in [*first[1]["reason"].to_pylist(), *second[1]["reason"].to_pylist()]


def test_the_copywriter_is_asked_for_nothing_where_there_is_none() -> None:
    usual = night()
    *running, tried = night(["model"], usual[:2])
    assert tried == []
    assert content(running[0]) == content(usual[0])


def test_a_template_by_name_is_asked_only_of_its_own_group() -> None:
    usual = night()
    named = not_of(usual[0], brief())
    *running, tried = night([named], usual[:2])
    assert {(b.channel, b.language) for b in tried} == {("push", "en")}
    added = running[0].filter(pc.equal(running[0]["variant"], 1)).to_pylist()
    assert {(row["item_id"], row["wording"]) for row in added} >= {("g1", named)}
    retired = {(*b[1:], named): 0.0 for b in BRIEFS}
    assert brief() not in night([named], usual[:2], shares=retired)[2]


def test_two_missing_kinds_get_a_variant_each() -> None:
    usual = night(drafts=BY_MODEL)
    first = night(PUSH[:1], usual[:2], BY_MODEL)
    second = night(PUSH[:2], first[:2], BY_MODEL)
    rows = [row for row in second[0].to_pylist() if row["item_id"] == "g1" and row["channel"] == "push"]
    assert sorted((row["variant"], row["wording"]) for row in rows) == [
        (0, "model"), (1, PUSH[0]), (2, PUSH[1])
    ]  # fmt: skip


def test_an_arm_deals_what_it_allows_and_everybody_else_the_usual() -> None:
    copy, _, _ = night(["template"], drafts=BY_MODEL)
    copy = copy.sort_by([(name, "ascending") for name in (*Brief._fields, "variant")])
    arms = {"words=t": ("template",), "words=m": ("model",)}
    shares = {(*brief()[1:], "model"): 0.3}
    dealt = texts_by_arm(copy, shares, arms, CONFIG).to_pylist()
    source = dict(zip(copy["copy_id"].to_pylist(), copy["source"].to_pylist(), strict=True))

    def of(label: str, brief: Brief) -> list[tuple[str, float]]:
        rows = [r for r in dealt if r["deal"] == label and Brief(*(r[n] for n in Brief._fields)) == brief]
        assert sum(row["share"] for row in rows) == pytest.approx(1.0)
        return [(source[r["copy_id"]], r["share"]) for r in rows]

    assert of(EVERYBODY, brief()) == [("model", 1.0)]
    assert of("words=m", brief()) == [("model", 1.0)]
    assert of("words=t", brief()) == [("template", 1.0)]
    chinese = brief("g2", language="zh")
    assert of("words=m", chinese) == of(EVERYBODY, chinese) == [("template", 1.0)]
    assert {r["deal"] for r in dealt} == {EVERYBODY, *arms}


def test_an_arm_of_several_is_dealt_by_their_shares_alone() -> None:
    rows, _ = write(inputs_of(ITEMS_OF_SHOP), brief(), BY_MODEL[brief()][:1])
    first, second = (row["wording"] for row in rows)
    shares = {(*brief()[1:], first): 0.6, (*brief()[1:], second): 0.2}
    dealt = texts_by_arm(
        copy_table(rows), shares, {"words=both": (first, second), "words=two": (second,)}, CopyConfig()
    )
    assert dealt["share"].to_pylist() == pytest.approx([0.75, 0.25, 0.75, 0.25, 1.0])


def test_kinds_are_those_of_all_arms() -> None:
    assert kinds_of({"words=m": ("model",), "words=t": ("template", "model")}) == ("model", "template")


def test_a_wording_that_there_is_not_is_refused_with_those_that_there_are() -> None:
    RULES.refuse_unknown({"words=t": ("model", "template", PUSH[0])})
    there_are = "there are model, template, tuned, prompted, endpoint and"
    with pytest.raises(ValueError, match=rf"words=t: copy has no '{PUSH[0]}0'; {there_are} .*{PUSH[0]}"):
        RULES.refuse_unknown({"words=t": (f"{PUSH[0]}0",)})
