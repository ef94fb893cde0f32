"""Copy of the sample shop: which user gets which text, carried texts, offers in a user's own terms, and refusals."""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from jobs.copywriting import train_copywriter, write_copy
from jobs.copywriting.briefs import BRIEF
from jobs.copywriting.demand import MESSAGES
from jobs.copywriting.text_choice import MOST_OF_WORDING
from jobs.copywriting.text_clicks import LOST
from jobs.reports.copy_examples import copy_examples
from jobs.runtime.lake import Version
from jobs.runtime.model_store import PROMOTION
from jobs.runtime.published import pointed
from jobs.runtime.table_writer import write_arrow
from schemas.arrow import arrow_schema
from schemas.copywriting.lexicon import LexiconError
from schemas.tables import (
    CLEAN_EVENTS,
    COPY,
    COPY_CLICKS,
    COPY_SHARES,
    ITEMS,
    RECOMMENDATIONS,
    REJECTED_COPY,
    USER_COPY,
    USERS,
)
from schemas.tables.offers import OFFERS
from tests.sample import FIRST, SECOND, THIRD, Sample, content, current, put, shown


def test_every_place_of_every_list_has_a_card_and_every_user_a_message(sample: Sample) -> None:
    user_copy, copy = shown(sample.lake, USER_COPY), shown(sample.lake, COPY)
    assert set(user_copy["copy_id"].to_pylist()) <= set(copy["copy_id"].to_pylist())
    lists = shown(sample.lake, RECOMMENDATIONS)
    places = lists.filter(pc.invert(lists["is_spare"]))
    cards = user_copy.filter(pc.equal(user_copy["channel"], "card"))
    assert cards.num_rows >= 0.95 * places.num_rows  # a title may be too long for every card
    users = set(current(sample.lake, USERS)["user_id"].to_pylist())
    messages = user_copy.filter(pc.equal(user_copy["channel"], "push"))
    assert messages.num_rows >= 0.95 * len(users)
    assert set(messages["user_id"].to_pylist()) <= users


def test_no_list_has_a_text_twice_and_few_have_a_wording_more_than_twice(sample: Sample) -> None:
    copy = {row["copy_id"]: row for row in shown(sample.lake, COPY).to_pylist()}
    cards: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in shown(sample.lake, USER_COPY).to_pylist():
        if row["channel"] == "card":
            cards[row["user_id"]].append(copy[row["copy_id"]])
    assert len(cards) > 100
    assert {len(texts) for texts in cards.values()} == {12}
    assert all(len({text["text"] for text in texts}) == len(texts) for texts in cards.values())
    often = Counter(max(Counter(text["wording"] for text in texts).values()) for texts in cards.values())
    # Places with few fitting wordings may leave no choice: 15 of 151 lists when this was last counted, 3 of 81 in
    # another shop. The goal is 0.
    above = sum(lists for times, lists in often.items() if times > MOST_OF_WORDING)
    assert above <= 0.15 * len(cards), f"lists by how often a wording stands in them: {dict(often)}"
    for text in (text for texts in cards.values() for text in texts):
        assert {fact["slot"] for fact in json.loads(text["facts"])} & {"title", "brand", "terms"}, text["text"]


def test_users_read_the_language_of_their_country(sample: Sample) -> None:
    language = {row["copy_id"]: row["language"] for row in shown(sample.lake, COPY).to_pylist()}
    country = {row["user_id"]: row["country"] for row in current(sample.lake, USERS).to_pylist()}
    for row in shown(sample.lake, USER_COPY).to_pylist():
        assert language[row["copy_id"]] == ("zh" if country.get(row["user_id"]) == "CN" else "en")


def test_what_has_not_changed_is_carried_over(sample: Sample) -> None:
    report = sample.night(THIRD).facts("write_copy")
    assert report["carried_over"] > 0.2 * report["texts"]
    before = {row["copy_id"]: row for row in current(sample.lake, COPY, SECOND).to_pylist()}
    tonight = current(sample.lake, COPY).to_pylist()
    carried = [row for row in tonight if row["made_on"] < THIRD]
    assert carried
    assert all(row == before[row["copy_id"]] for row in carried)


def test_every_text_names_its_facts(sample: Sample) -> None:
    for row in current(sample.lake, COPY).to_pylist():
        facts = json.loads(row["facts"])
        assert facts
        for fact in facts:
            assert fact["table"]
            assert fact["start"] is None or row["text"][fact["start"] : fact["end"]] == fact["value"]


def test_cards_that_were_seen_are_counted_for_their_wording(sample: Sample) -> None:
    shares = current(sample.lake, COPY_SHARES)
    assert pc.sum(shares["shown"]).as_py() > 0
    assert set(shares.filter(pc.greater(shares["shown"], 0))["channel"].to_pylist()) == {"card"}
    assert pc.all(pc.less_equal(shares["clicked"], shares["shown"])).as_py()


def counted_by_hand(sample: Sample, day: dt.date, before: dt.date) -> dict[str, Counter[str]]:
    """copy_id -> how often a card of the night `before` was shown and clicked on `day`."""
    rows = current(sample.lake, USER_COPY, before).to_pylist()
    cards = {(row["user_id"], row["item_id"]): row["copy_id"] for row in rows if row["channel"] == "card"}
    met: dict[tuple[str, str], bool] = {}
    for event in current(sample.lake, CLEAN_EVENTS, day).to_pylist():
        pair = (event["user_id"], event["item_id"])
        if event["slot"] == "home" and event["event_type"] in ("impression", "click") and pair in cards:
            met[pair] = met.get(pair, False) or event["event_type"] == "click"
    counts: dict[str, Counter[str]] = {}
    for pair, clicked in met.items():
        counts.setdefault(cards[pair], Counter()).update(shown=1, clicked=int(clicked))
    return counts


def test_texts_are_counted_night_by_night_and_wordings_by_their_texts(sample: Sample) -> None:
    expected: dict[str, Counter[str]] = {}
    by_wording: Counter[tuple[str, ...]] = Counter()
    group = ("strategy", "style", "channel", "language", "wording")
    for day, before in ((SECOND, FIRST), (THIRD, SECOND)):
        counts_of_day = counted_by_hand(sample, day, before)
        last_night = {row["copy_id"]: row for row in current(sample.lake, COPY, before).to_pylist()}
        for copy_id, counts in counts_of_day.items():
            expected.setdefault(copy_id, Counter()).update(counts)
            by_wording[tuple(last_night[copy_id][name] for name in group)] += counts["shown"]
        standing = set(current(sample.lake, COPY, day)["copy_id"].to_pylist())
        expected = {copy_id: counts for copy_id, counts in expected.items() if copy_id in standing}
        clicks = {row["copy_id"]: row for row in current(sample.lake, COPY_CLICKS, day).to_pylist()}
        assert expected
        assert {copy_id: (row["shown"], row["clicked"]) for copy_id, row in clicks.items()} == {
            copy_id: (counts["shown"], counts["clicked"]) for copy_id, counts in expected.items()
        }
    shares = {tuple(row[name] for name in group): row["shown"] for row in current(sample.lake, COPY_SHARES).to_pylist()}
    assert {arm: share for arm, share in shares.items() if share} == dict(by_wording)


def test_a_text_that_lost_is_dropped_and_its_users_get_the_others(sample: Sample, tmp_path: Path) -> None:
    copied = sample.copy(tmp_path / "lake")
    carried = {row["copy_id"]: row for row in current(copied.lake, COPY).to_pylist() if row["made_on"] < THIRD}
    users_of = Counter(
        row["copy_id"] for row in current(copied.lake, USER_COPY).to_pylist() if row["channel"] == "card"
    )
    lost = carried[
        max((copy_id for copy_id in users_of if copy_id in carried), key=lambda copy_id: (users_of[copy_id], copy_id))
    ]
    brief = [lost[name] for name in BRIEF]
    of_brief = [r["copy_id"] for r in carried.values() if [r[name] for name in BRIEF] == brief]
    others = [copy_id for copy_id in of_brief if copy_id != lost["copy_id"]]
    assert others
    put(copied.night(SECOND, "007"), COPY_CLICKS, [
        {"copy_id": lost["copy_id"], "shown": 3000, "clicked": 30},
        *({"copy_id": other, "shown": 3000, "clicked": 300} for other in others),
    ])  # fmt: skip
    after = Counter(row["copy_id"] for row in rerun(copied, "007").to_pylist())
    assert lost["copy_id"] not in after
    assert sum(after[other] for other in others) == sum(users_of[copy_id] for copy_id in of_brief)
    tonight, clicks = (content(copied.lake, copied.lake.version(t, THIRD, "007")) for t in (COPY, COPY_CLICKS))
    assert sorted(row["copy_id"] for row in tonight.to_pylist() if [row[name] for name in BRIEF] == brief) == sorted(
        others
    )
    assert lost["copy_id"] not in clicks["copy_id"].to_pylist()
    refused = content(copied.lake, copied.lake.version(REJECTED_COPY, THIRD, "007")).to_pylist()
    assert [row["text"] for row in refused if row["reason"] == LOST] == [lost["text"]]


def test_the_page_and_the_ten_examples_are_there(sample: Sample) -> None:
    page = Path(sample.lake.path("reports", f"date={THIRD}", "copy.html")).read_text("utf-8")
    assert "default-src 'none'" in page
    lines = copy_examples(sample.lake, pointed(sample.lake))
    assert sum("published: " in line or "refused: " in line for line in lines) >= 8
    assert any("published: zh" in line for line in lines)
    assert any("published: en" in line for line in lines)


def offer(user_id: str, **changed: object) -> dict[str, object]:
    row = {
        "user_id": user_id, "offer_id": "back", "kind": "win_back", "item_id": None, "category": None,
        "discount_share": 0.15, "discount_amount": None, "minimum_spend": 100.0, "currency": "CNY", "reason": "r",
        "method": "propensity", "expected_value": 1.0, "expected_cost": 1.0, "worst_cost": 1.0, "budget_line": "b",
        "arm": "offer", "offered_on": THIRD, "valid_until": dt.datetime(2026, 1, 20, 12, tzinfo=dt.UTC),
    }  # fmt: skip
    return row | changed


def rerun(sample: Sample, run: str, **copy: object) -> pa.Table:
    night = sample.night(THIRD, run, copy=copy)
    night.begin("write_copy")
    write_copy.main(night)
    return content(sample.lake, sample.lake.version(USER_COPY, THIRD, run))


def test_offers_are_told_in_the_users_own_terms_and_language(sample: Sample, tmp_path: Path) -> None:
    copied = sample.copy(tmp_path / "lake")
    users = [u for u in current(copied.lake, USERS).to_pylist() if u["country"]]
    chinese = next(u["user_id"] for u in users if u["country"] == "CN")
    others = [u["user_id"] for u in users if u["country"] != "CN"]
    offers = [offer(chinese), offer(others[0]), offer(others[1], discount_share=0.125)]
    offers.append(offer(others[2], offer_id="back", kind="birthday", discount_share=None, discount_amount=30.0))
    places = current(copied.lake, RECOMMENDATIONS).to_pylist()
    listed = {row["item_id"] for row in places if row["user_id"] == others[3]}
    on_sale = [row for row in current(copied.lake, ITEMS).to_pylist() if row["is_active"] and row["stock"] != 0]
    unlisted = next(row for row in on_sale if row["title"] and row["item_id"] not in listed)
    cart = {"offer_id": "back", "kind": "abandoned_cart", "item_id": unlisted["item_id"], "minimum_spend": 0.0}
    offers.append(offer(others[3], **cart, discount_share=0.08))
    offers.append(offer(others[4], **cart, discount_share=None))  # a reminder: nothing off, so no coupon
    offers.append(offer(chinese, offer_id="worse", expected_value=0.5, discount_share=0.5))
    data = pa.Table.from_pylist(offers, arrow_schema(OFFERS))
    copied.lake.make_current(write_arrow(data, OFFERS, copied.lake, str(THIRD), "001"))
    user_copy = rerun(copied, "007").to_pylist()
    texts = {(row["user_id"], row["channel"]): row for row in user_copy if row["offer_id"]}
    assert "满¥100享8.5折" in texts[chinese, "push"]["text"]
    assert "1月19日" in texts[chinese, "body"]["text"]  # over at noon of the 20th: the last whole day is said
    assert "15% off orders over ¥100" in texts[others[0], "body"]["text"]
    assert "January 19" in texts[others[0], "body"]["text"]
    assert {row["offer_id"] for row in texts.values()} == {"back"}
    # An eighth off cannot be said in hundredths: rather nothing than something else.
    assert not {others[1], others[4]} & {user for user, _ in texts}
    assert any(row["user_id"] == others[4] and row["channel"] == "push" for row in user_copy)
    assert "¥30 off orders over ¥100" in texts[others[2], "push"]["text"]
    assert texts[others[3], "body"]["item_id"] == unlisted["item_id"]
    assert unlisted["title"] in texts[others[3], "body"]["text"]
    assert "8% off, valid until January 19" in texts[others[3], "body"]["text"]
    assert {texts[others[3], channel]["channel"] for channel in ("push", "sms", "subject", "body")} == set(MESSAGES)
    assert all("{" not in (row["text"] or "") for row in user_copy)


def test_the_same_night_again_gives_the_same_texts(sample: Sample, tmp_path: Path) -> None:
    copied = sample.copy(tmp_path / "lake")
    user_copy = rerun(copied, "007")
    assert user_copy.equals(current(copied.lake, USER_COPY))
    for table in (COPY, REJECTED_COPY, COPY_SHARES, COPY_CLICKS):
        assert content(copied.lake, copied.lake.version(table, THIRD, "007")).equals(current(copied.lake, table))


def written(sample: Sample, run: str) -> list[Version]:
    versions = (sample.lake.version(t, THIRD, run) for t in (COPY, REJECTED_COPY, USER_COPY, COPY_SHARES, COPY_CLICKS))
    return [version for version in versions if version]


def test_unusable_files_are_refused_before_anything_is_written(sample: Sample, tmp_path: Path) -> None:
    lexicon = tmp_path / "mine.toml"
    lexicon.write_text('name = "mine"\nversion = 1\nlanguage = "en"\nmarket = "x"\n[bad]\nterms = ["(unclosed"]\n')
    with pytest.raises(LexiconError, match=r"mine\.toml:6.*is not a pattern"):
        rerun(sample, "008", lexicons=(str(lexicon),))
    with pytest.raises(FileNotFoundError, match="no voices of 'fr': there are "):
        rerun(sample, "008", languages=("fr",))
    assert written(sample, "008") == []


def test_a_broken_copywriter_is_refused_with_nothing_half_written(sample: Sample, tmp_path: Path) -> None:
    copied = sample.copy(tmp_path / "lake")
    folder = Path(copied.lake.path("models", "copywriter", f"date={SECOND}", "run=001"))
    (folder / "tokenizer").mkdir(parents=True)
    (folder / "tokenizer" / "tokenizer.json").write_text("{")
    (folder / "manifest.json").write_text(json.dumps({"model": "copywriter", "config": {}, "tokens": 9, "pairs": 0}))
    copied.lake.put_json(
        {"learned": [["recommendation", "blurb"]]}, "models", "copywriter", f"date={SECOND}", "run=001", PROMOTION
    )
    copied.lake.put_json({"run": "001"}, "models", "copywriter", f"date={SECOND}", "_current.json")
    with pytest.raises(ValueError, match="tokenizer"):
        rerun(copied, "009")
    assert written(copied, "009") == []


def test_a_small_shop_trains_no_copywriter_and_says_so(sample: Sample) -> None:
    report = sample.night(THIRD).facts("train_copywriter")
    assert report["start"].startswith("none: ")
    assert sample.lake.list_dir("models", "copywriter") == []
    assert set(current(sample.lake, COPY)["source"].to_pylist()) == {"template"}


def winning(texts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Every fourth card."""
    return sorted((row for row in texts if row["channel"] == "card"), key=lambda row: row["copy_id"])[::4]


def clicks_of(texts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """COPY_CLICKS in which the cards of `winning` win: all are shown equally often; half or a tenth are clicked."""
    ahead = {row["copy_id"] for row in winning(texts)}
    cards = [row["copy_id"] for row in texts if row["channel"] == "card"]
    return [{"copy_id": c, "shown": 1000, "clicked": 500 if c in ahead else 100} for c in cards]


def test_a_shop_with_enough_descriptions_trains_one_and_it_writes(sample: Sample, tmp_path: Path) -> None:
    copied = sample.copy(tmp_path / "lake")
    texts = current(copied.lake, COPY, SECOND).to_pylist()
    put(copied.night(SECOND, "007"), COPY_CLICKS, clicks_of(texts))
    small = {"dim": 32, "heads": 2, "layers": 1, "vocabulary": 600, "longest": 40, "most_passes": 1}
    training = {"least_pairs": 20, "least_of_kind": 20, "judge_briefs": 4, "query_days": 1}
    settings = {"copywriter_training": training, "copywriter": small, "copy": {"channels": ("blurb",), "candidates": 2}}
    night = copied.night(THIRD, "007", **settings)
    night.begin("train_copywriter")
    train_copywriter.main(night)
    assert night.lake.list_dir("models", "copywriter") == [f"date={THIRD}"]
    folder = Path(copied.lake.path("models", "copywriter", f"date={THIRD}", "run=007"))
    promotion = json.loads((folder / "promotion.json").read_text())
    pairs = [json.loads(line) for line in (folder / "pairs.jsonl").read_text("utf-8").splitlines()]
    cards = [pair for pair in pairs if pair["prompt"]["channel"] == "card"]  # the shop's own descriptions are blurbs
    assert promotion["joined"] == {"won": len(cards), "approved": 0}
    assert 0 < len(cards) < len(winning(texts))
    titles = {title for row in current(copied.lake, ITEMS).to_pylist() for title in (row["title"], row["title_zh"])}
    assert not any(title and title in pair["text"] for title in titles for pair in cards)
    assert {pair["text"] for pair in cards} <= {row["text"] for row in winning(texts)}
    night.lake.put_json({"run": "007"}, "models", "copywriter", f"date={THIRD}", "_current.json")
    night.begin("write_copy")
    write_copy.main(night)
    copy = content(copied.lake, copied.lake.version(COPY, THIRD, "007"))
    assert set(copy["channel"].to_pylist()) == {"blurb"}
    by_model = copy.filter(pc.equal(copy["source"], "model"))
    assert set(by_model["model"].to_pylist()) <= {f"models/copywriter/date={THIRD}/run=007"}
