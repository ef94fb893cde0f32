"""Copy of a shop with a few items: which texts are written, which are refused and why, which stay the next night."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pyarrow as pa
import pytest

from jobs.copywriting.briefs import Brief, Draft, in_turns
from jobs.copywriting.carry_over import Carried, carried_over, with_redrafts
from jobs.copywriting.catalogue_words import PastCatalogues
from jobs.copywriting.demand import OF_OFFERS
from jobs.copywriting.drafts import Running, prompt_of
from jobs.copywriting.rules import CopyConfig, CopyRules
from jobs.copywriting.user_terms import terms_of
from jobs.copywriting.write_many import copy_table, write_all
from jobs.copywriting.writer import SaidTexts
from models.compliance.checks import sms_segments
from schemas.arrow import arrow_schema
from schemas.tables.copywriting import CHANNELS, COPY, REJECTED_COPY, STRATEGIES
from schemas.tables.offers import OFFER_KINDS
from tests.hostile_rows import NAMES
from tests.unit.jobs.copywriting.copy_shop import NIGHT, brief, inputs_of, item, items_of, write

MODEL = "model"


def drafts(*texts: str) -> list[Draft]:
    return [Draft(text, MODEL, "model") for text in texts]


def test_every_brief_of_a_well_described_item_gets_its_variants() -> None:
    seasons = [season for season in CopyRules.load(CopyConfig()).seasons if season.id == "christmas"]
    before = PastCatalogues({"g1": 120.0}, NIGHT, frozenset(), NIGHT)
    inputs = inputs_of(items_of([item()], before, seasons))
    for strategy in STRATEGIES:
        for channel in CHANNELS:
            for language in ("en", "zh"):
                rows, _ = write(inputs, Brief("g1", strategy, "plain", channel, language))
                assert 2 <= len(rows) <= inputs.rules.config.texts_of(channel), (strategy, channel, language)
                assert not any(re.search(r"\{(?!terms|until)", row["text"]) for row in rows)


def test_a_card_has_more_texts_than_a_message_since_a_list_shows_many_at_once() -> None:
    inputs = inputs_of(items_of([item()]), card_variants=3)
    assert [len(write(inputs, brief(channel=channel)).rows) for channel in ("card", "push")] == [3, 2]


def test_a_voice_uses_its_own_wordings_first_and_then_the_dealt_ones() -> None:
    inputs = inputs_of(items_of([item(f"g{n}", title=f"Ivo speaker {n}", title_zh=f"伊沃音箱{n}") for n in range(20)]))
    style_of = {template.name: template.style for group in inputs.rules.templates.groups.values() for template in group}
    for language in ("en", "zh"):
        shared = 0
        for item_id in inputs.items:
            texts_of_style: dict[str, set[str]] = {}
            for style in inputs.rules.voices:
                rows, _ = write(inputs, brief(item_id, style=style, language=language))
                texts_of_style[style] = {row["text"] for row in rows}
                styles = {"any"} if style == inputs.rules.default_style else {style}
                assert {style_of[row["wording"]] for row in rows} == styles
            shared += sum(map(len, texts_of_style.values())) - len(set().union(*texts_of_style.values()))
        assert shared == 0


def test_sentences_begin_with_a_capital_and_have_their_languages_punctuation() -> None:
    for group in CopyRules.load(CopyConfig()).templates.groups.values():
        for entry in group:
            bare = re.sub(r"\{\w+\}", "", entry.text)
            if entry.language == "zh":
                assert not re.search(r"[,.!?;:()]|\s", bare), entry.text
                continue
            assert not re.search("[，。！？；：（）“”]", bare), entry.text
            assert "  " not in entry.text, entry.text
            assert not re.match(r"[a-z]|\{(?:event|kind|details?)\}", entry.text), entry.text
            assert not re.search(r"[.!?] (?:[a-z]|\{(?:event|kind|details?)\})", entry.text), entry.text
            assert not re.search(r"\b[Aa]n? \{", entry.text), entry.text  # {kind} may be sandals, or begin with a vowel


@pytest.mark.parametrize("currency", ["CNY", "EUR", "INR", "SEK", None])
def test_a_text_message_with_the_users_own_terms_costs_two_segments_at_most(currency: str | None) -> None:
    title = "Ivo beige wired speaker with two removable covers"
    inputs = inputs_of(items_of([item(title=title, title_zh="伊沃 米色有线音箱配两个可拆换外罩", currency=currency)]))
    for strategy in ("coupon", "coupon_win_back", "coupon_first_purchase", "member_exclusive"):
        for language in ("en", "zh"):
            rows, _ = write(inputs, brief(strategy=strategy, channel="sms", language=language))
            assert rows, (strategy, language)
            for terms, amount in ((0.15, None), (None, 500.0)):
                offer = {"discount_share": terms, "discount_amount": amount, "minimum_spend": 1000.0}
                stated = terms_of(offer | {"currency": currency}, inputs.rules.languages[language])
                for row in rows:
                    filled = row["text"].replace("{terms}", stated).replace("{until}", "September 30")
                    assert sms_segments(filled)[0] <= 2, filled


def test_an_offer_of_any_kind_has_a_text_and_no_text_tells_why_it_was_given() -> None:
    assert set(OF_OFFERS) == set(OFFER_KINDS)
    groups = CopyRules.load(CopyConfig()).templates.groups
    assert {OF_OFFERS[kind] for kind in ("abandoned_cart", "birthday", "retargeting")} == {"coupon"}
    for language in ("en", "zh"):
        for channel in CHANNELS:
            for template in groups["coupon", channel, language]:
                assert "terms" in template.slots
                assert "until" in template.slots or channel in ("card", "subject")
                assert not re.search("cart|basket|left|birth|viewed|looked|saw|购物车|生日|看过|浏览", template.text)


def test_every_slot_names_the_table_and_the_row_that_fills_it() -> None:
    before = PastCatalogues({"g1": 120.0}, NIGHT, None, None)
    rows, _ = write(inputs_of(items_of([item()], before)), brief(strategy="price_drop"))
    facts_of_texts = [(row["text"], fact) for row in rows for fact in json.loads(row["facts"])]
    assert {"price", "old_price"} <= {fact["slot"] for _, fact in facts_of_texts}
    for text, fact in facts_of_texts:
        assert fact["table"]
        assert fact["row"]
        assert fact["start"] is None or text[fact["start"] : fact["end"]] == fact["value"]


def test_an_unsupported_draft_is_replaced_by_the_next_draft_then_by_a_template() -> None:
    inputs = inputs_of(items_of([item(), item("g2", attributes='{"colour": "red", "connection": "Bluetooth"}')]))
    lie, truth = "A red speaker for your evenings.", "A beige speaker for your evenings."
    rows, refused = write(inputs, brief(), drafts(lie, truth))
    assert [row["source"] for row in rows] == ["model", "template"]
    assert rows[0]["text"] == truth
    assert (refused[0].text, refused[0].reason) == (lie, "unsupported colour")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Now 20% off, a beige speaker.", "figure of its own"),
        ("A beige speaker for {discount} less.", "slot without a fact"),
        ("Must-have: a beige speaker.", "voice"),
        ("<b>A beige speaker</b>", "html"),
    ],
)
def test_a_draft_with_a_forbidden_statement_is_refused(text: str, reason: str) -> None:
    rows, refused = write(inputs_of(items_of([item()])), brief(), drafts(text))
    assert all(row["source"] == "template" for row in rows)
    assert reason in {refusal.reason for refusal in refused}


def test_an_item_without_attributes_category_brand_or_price_gets_templates_that_need_only_a_title() -> None:
    bare = item(attributes=None, category=None, brand=None, price=None, currency=None, description=None,
                description_zh=None)  # fmt: skip
    inputs = inputs_of(items_of([bare]))
    for language in ("en", "zh"):
        for channel in ("push", "blurb", "body"):
            rows, _ = write(inputs, brief(channel=channel, language=language))
            assert rows, (channel, language)
            assert all("{" not in row["text"] for row in rows)


@pytest.mark.parametrize("column", ["title", "brand", "category", "attributes", "attribute's name"])
def test_no_hostile_name_is_in_any_text(column: str) -> None:
    names = [name.encode("utf-8", "backslashreplace").decode() for name in NAMES]
    rows = []
    for n, name in enumerate(names):
        item_row = item(f"g{n}", title_zh=name if column == "title" else "伊沃 米色有线音箱")
        said = {"attributes": {"colour": name}, "attribute's name": {name: "beige"}}.get(column)
        rows.append(item_row | ({"attributes": json.dumps(said)} if said else {column: name}))
    inputs, said = inputs_of(items_of(rows)), SaidTexts()
    for n, name in enumerate(names):
        for language in ("en", "zh"):
            about = brief(f"g{n}", channel="body", language=language)
            made, refused = write(inputs, about, drafts("A beige speaker."), said)
            copy_table(made)
            assert made or column == "title"
            assert not [row for row in made if name.strip()[:24] in row["text"] + row["facts"]], name
            assert "hostile catalogue text" in {refusal.reason for refusal in refused}, name


def test_a_brand_that_means_the_first_is_in_no_chinese_text() -> None:
    for name in ("第一", "中国第一", "全 网 最 低"):
        inputs = inputs_of(items_of([item(brand=name)]))
        for channel in ("push", "blurb", "body"):
            rows, _ = write(inputs, brief(channel=channel, language="zh"))
            assert rows
            assert not [row for row in rows if name in row["text"]]


def test_yes_says_its_name_and_bare_figures_are_no_words_to_describe_by() -> None:
    words = items_of([item(attributes='{"waterproof": true, "pockets": 4, "weight": "500 g", "fit": "loose"}')])["g1"]
    assert words.details("en") == ["waterproof", "500 g", "loose"]


def test_a_list_or_an_object_is_no_word_to_describe_by() -> None:
    for nested in ('{"colour": {"main": "beige"}}', '{"colour": ["beige"]}', "{}", None):
        assert items_of([item(attributes=nested)])["g1"].attributes == ()


def test_a_title_in_another_language_is_named_in_a_template_and_the_reason_kept() -> None:
    inputs = inputs_of(items_of([item(title_zh=None, description_zh=None)]))
    rows, refused = write(inputs, brief(language="zh"), drafts("米色音箱，陪你度过夜晚。"))
    assert {refusal.reason for refusal in refused} >= {"title in another language"}
    assert all(row["source"] == "template" and "Ivo beige wired speaker" in row["text"] for row in rows)


def test_an_item_without_any_title_gets_no_text_and_the_reason_is_kept() -> None:
    rows, refused = write(inputs_of(items_of([item(title=None, title_zh=" ")])), brief())
    assert rows == []
    assert [refusal.reason for refusal in refused] == ["no title"]


def test_without_a_price_there_is_no_price_drop() -> None:
    before = PastCatalogues({"g1": 120.0, "g2": 99.5, "g3": 120.0}, NIGHT, None, None)
    items = items_of([item(price=None), item("g2"), item("g3", price=0.0)], before)
    assert [facts.old_price for facts in items.values()] == [None, None, None]


def test_two_items_do_not_share_a_text_unless_they_have_the_same_name() -> None:
    items = items_of([item(), item("g2"), item("g3", title="Ivo red wired speaker", title_zh="伊沃 红色有线音箱",
                                               attributes='{"colour": "red", "connection": "wired"}')])  # fmt: skip
    inputs, said = inputs_of(items), SaidTexts()
    same = drafts("A speaker by Ivo, for your evenings.")
    assert [write(inputs, brief(item_id), same, said).rows[0]["source"] for item_id in ("g1", "g2", "g3")] == [
        "model",
        "model",
        "template",
    ]


def test_an_item_without_another_possible_text_shares_one_with_a_similar_item() -> None:
    long = "Ivo beige wired speaker for the shelf, with a cable of two metres, edition"
    items = items_of([item(f"g{n}", title=f"{long} {'abcdefghijklmnopqrstuvwxyz'[n]}") for n in range(20)])
    inputs, said = inputs_of(items), SaidTexts()
    texts = []
    for item_id in items:
        rows, refused = write(inputs, brief(item_id, channel="card"), said=said)
        assert rows, item_id
        assert not {row["text"] for row in rows} & {refusal.text for refusal in refused}
        texts += [row["text"] for row in rows]
    assert len(set(texts)) < len(texts)


def test_near_duplicates_of_the_copywriter_are_written_again() -> None:
    items = items_of([item(), item("g2", title="Ivo beige wired speaker two")])
    texts = {"g1": "A beige speaker by Ivo that brings your evenings closer to you.",
             "g2": "A beige speaker by Ivo that brings your evenings closer to us."}  # fmt: skip
    briefs = [brief("g1"), brief("g2")]
    written, refused = write_all(
        inputs_of(items, variants=1), SaidTexts(), briefs, {b: drafts(texts[b.item_id]) for b in briefs}, empty(COPY)
    )
    assert written["source"].to_pylist() == ["model", "template"]
    assert "near duplicate" in refused["reason"].to_pylist()


def empty(table: object) -> pa.Table:
    return arrow_schema(table).empty_table()  # type: ignore[arg-type]


LAMP = {"title": "Tanka oak lamp", "title_zh": "棠卡 橡木台灯", "brand": "Tanka", "attributes": '{"material": "oak"}'}
SHOP = [item(), item("g2", **LAMP), item("g3", title=None, title_zh=None)]
BRIEFS = [brief(item_id, language=language, channel=channel)
          for item_id in ("g1", "g2", "g3") for language in ("en", "zh") for channel in ("card", "body")]  # fmt: skip


def night(rows: list[dict], last: tuple[pa.Table, pa.Table] | None = None, **settings: object) -> tuple:
    """(COPY, REJECTED_COPY, briefs written) of a night after `last`."""
    items, rules = items_of(rows), CopyRules.load(CopyConfig(**settings))  # type: ignore[arg-type]
    carried = carried_over(*(last or (empty(COPY), empty(REJECTED_COPY))), BRIEFS, items, rules, {})
    written, refused = write_all(inputs_of(items, rules), SaidTexts(), carried.todo, {}, carried.copy)
    return pa.concat_tables([carried.copy, written]), pa.concat_tables([carried.rejected, refused]), carried.todo


def content(copy: pa.Table) -> list[dict]:
    return copy.drop_columns("made_on").sort_by("copy_id").to_pylist()


def test_only_changed_briefs_are_written_again_and_the_result_equals_a_rebuild() -> None:
    *last, todo = night(SHOP)
    assert todo == BRIEFS
    changed = [item(title="Ivo beige wired speaker, second series"), *SHOP[1:]]
    *after, todo = night(changed, tuple(last))
    assert {todo_brief.item_id for todo_brief in todo} == {"g1"}
    assert content(after[0]) == content(night(changed)[0])
    assert night(changed, tuple(after))[2] == []


def test_a_text_is_written_again_if_one_of_its_words_became_a_claim_tonight() -> None:
    *last, _ = night(SHOP)
    old_text = next(row["text"] for row in last[0].to_pylist() if (row["item_id"], row["language"], row["channel"])
                == ("g1", "en", "body"))  # fmt: skip
    word = next(word for word in re.findall(r"\b[a-z]{5,}\b", old_text) if word not in SHOP[0]["title"])
    lamp = {**LAMP, "attributes": json.dumps({"material": "oak", "series": word})}
    copy, _, todo = night([SHOP[0], item("g2", **lamp), SHOP[2]], tuple(last))
    assert {shop_brief for shop_brief in BRIEFS if shop_brief.item_id == "g2"} | {brief("g1", channel="body")} <= set(
        todo
    )
    assert len(todo) < len(BRIEFS)
    assert old_text not in copy["text"].to_pylist()


def test_a_new_price_rewrites_only_texts_with_the_price() -> None:
    *last, _ = night(SHOP)
    assert night([item(price=79.0), *SHOP[1:]], tuple(last))[2] == []


def test_blocked_texts_are_replaced_and_approved_texts_come_first(tmp_path: Path) -> None:
    *last, _ = night(SHOP)
    blocked = next(row for row in last[0].to_pylist() if row["item_id"] == "g1" and row["channel"] == "body")
    chosen = next(row for row in last[0].to_pylist() if row["item_id"] == "g2" and row["channel"] == "card")
    review = tmp_path / "review.toml"
    approved_text = "A lamp of oak by Tanka" if chosen["language"] == "en" else "棠卡的橡木台灯"
    brief_of = {name: chosen[name] for name in ("item_id", "strategy", "style", "channel", "language")}
    lines = [f'{key} = "{value}"' for key, value in (brief_of | {"text": approved_text}).items()]
    review.write_text("\n".join(["[[block]]", f'copy_id = "{blocked["copy_id"]}"', "[[approve]]", *lines]), "utf-8")
    copy, _, todo = night(SHOP, tuple(last), review=str(review))
    assert len(todo) == 2
    assert blocked["copy_id"] not in copy["copy_id"].to_pylist()
    assert approved_text in copy["text"].to_pylist()
    assert night(SHOP, (copy, last[1]), review=str(review))[2] == []


def test_an_approved_text_that_the_facts_no_longer_support_is_not_shown(tmp_path: Path) -> None:
    review = tmp_path / "review.toml"
    review.write_text('[[approve]]\nitem_id = "g1"\nstrategy = "recommendation"\nstyle = "plain"\nchannel = "card"\n'
                      'language = "en"\ntext = "A red speaker by Ivo"\n')  # fmt: skip
    copy, refused, _ = night(SHOP, review=str(review))
    assert "A red speaker by Ivo" not in copy["text"].to_pylist()
    assert "A red speaker by Ivo" in refused["text"].to_pylist()


def test_a_retired_wording_is_not_written_any_more() -> None:
    items = items_of([item()])
    rows, _ = write(inputs_of(items), brief())
    arm = (*brief()[1:], rows[0]["wording"])
    rewritten, _ = write(inputs_of(items, shares={arm: 0.0}), brief())
    assert rows[0]["wording"] not in {row["wording"] for row in rewritten}
    carried = carried_over(
        copy_table(rows), empty(REJECTED_COPY), [brief()], items, CopyRules.load(CopyConfig()), {arm: 0.0}
    )
    assert carried.todo == [brief()]


def test_a_new_copywriter_takes_over_step_by_step_beginning_with_undrafted_briefs() -> None:
    items = items_of(SHOP[:2])
    blurbs = [
        brief(item_id, channel="blurb", language=language) for item_id in ("g1", "g2") for language in ("en", "zh")
    ]
    cards = [brief("g1", channel="card")]
    running = Running((), frozenset({("recommendation", "blurb")}))
    inputs = inputs_of(items, model="models/copywriter/date=2026-01-01/run=1")
    drafts_of = {blurbs[0]: drafts("A beige speaker, for your evenings."), blurbs[1]: []}  # an answer, and none
    copy, _ = write_all(inputs, SaidTexts(), [*blurbs, *cards], drafts_of, empty(COPY))
    assert {row["model"] for row in copy.to_pylist() if row["channel"] == "card"} == {""}
    standing = Carried(copy, empty(REJECTED_COPY), [])

    def again(model: str, most: int) -> list[Brief]:
        some = with_redrafts(standing, [*cards, *blurbs], model, running.writes, most)
        left = {Brief(*(row[name] for name in Brief._fields)) for row in some.copy.to_pylist()}
        assert left == {*blurbs, *cards} - set(some.todo)
        return some.todo

    assert again(inputs.model, 10) == blurbs[2:]
    assert again("models/copywriter/date=2026-01-08/run=1", 3) == [*blurbs[2:], blurbs[0]]
    assert again("", 10) == again(inputs.model, 0) == []
    busy = Carried(copy, empty(REJECTED_COPY), [blurbs[0]])
    assert with_redrafts(busy, blurbs, inputs.model, running.writes, 2).todo == [blurbs[0], blurbs[2]]


def test_one_text_is_from_a_template_so_that_clicks_can_be_compared() -> None:
    texts = drafts(
        "A beige speaker, for your evenings.", "A wired speaker in beige.", "Beige, wired, a speaker by Ivo."
    )
    for variants, by_model in ((1, 1), (2, 1), (3, 2)):
        rows, _ = write(inputs_of(items_of([item()]), variants=variants), brief(), texts)
        assert [row["source"] for row in rows].count("model") == by_model
        assert len(rows) == variants


def test_a_copywriter_that_knows_blurbs_writes_short_recommendations_in_their_manner() -> None:
    running = Running(("models",), frozenset({("recommendation", "blurb")}))
    words = items_of([item()])["g1"]
    heading = brief(channel="card", language="zh")
    assert running.writes(heading)
    assert running.prompt(words, heading).channel == "blurb"
    assert 0 < running.prompt(words, heading).length < 20
    assert running.prompt(words, brief(channel="blurb")) == prompt_of(words, brief(channel="blurb"))
    for other in (brief(channel="card"), brief(channel="sms"), brief(strategy="coupon", channel="push")):
        assert not running.writes(other)  # an English heading, a signature, terms
    assert not Running().writes(heading)
    assert not running._replace(shortens=frozenset({"push"})).writes(heading)


def test_voices_and_languages_are_drafted_in_turns() -> None:
    plain = [brief(f"g{number}") for number in range(3)]
    young, chinese = brief("g1", style="young"), brief("g2", language="zh")
    assert in_turns([*plain, young, chinese]) == [plain[0], young, chinese, *plain[1:]]


def test_a_title_with_an_intent_hides_the_items_other_names() -> None:
    refusal = CopyRules.load(CopyConfig()).name_refusal
    honest = {"title": "Ivo speaker", "title_zh": "伊沃音箱"}
    for title, titles in (("Speaker, ask on telegram: ivo", ()), ("CBD speaker", ()), ("Sоny speaker", ()),
                        ("🔥 Speaker, ask on telegram: ivo", ()), ("Speaker 🔥", ("伊沃音箱",))):  # fmt: skip
        words = items_of([item("g1", **(honest | {"title": title}))])["g1"].cleaned(refusal)
        assert words.titles == titles, title
