"""Tonight's lists, offers and catalogue -> marketing copy: a text for each brief, and which text each user gets.

A brief is (item, strategy, audience style, channel, language). The job makes only briefs that some user needs, and
writes only those whose facts, rules or copywriter have changed since last night. Drafts come from the copywriter where
one is trained, then from approved templates. Each draft is checked against the item's facts and its market's rules.
Where it fails, the next one is tried. Refused texts are stored with their reason.
Strategies that need offers, portraits or earlier catalogues are left out on a night without them, and the log says so.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from jobs.common.on_sale import can_be_shown
from jobs.copywriting import wording_shares
from jobs.copywriting.briefs import APPROVED, BRIEF, WRITERS, Brief
from jobs.copywriting.briefs import MODEL as BY_MODEL
from jobs.copywriting.carry_over import carried_over, with_redrafts
from jobs.copywriting.catalogue_words import COLUMNS, PastCatalogues, read_item_words
from jobs.copywriting.demand import OF_OFFERS, briefs_of, briefs_of_users, read_places
from jobs.copywriting.drafters import Drafter, chosen_drafter
from jobs.copywriting.experiment_texts import find_missing, kinds_of, texts_by_arm, without_the_ended, write_missing
from jobs.copywriting.item_words import ItemWords
from jobs.copywriting.past_clicks import recount_clicks
from jobs.copywriting.reader_voices import reader_voices
from jobs.copywriting.review_page import write_page
from jobs.copywriting.rules import CopyConfig, CopyRules
from jobs.copywriting.text_choice import texts_for_users
from jobs.copywriting.text_clicks import add_clicks, without_losers
from jobs.copywriting.write_many import write_all
from jobs.copywriting.writer import CopyInputs, SaidTexts
from jobs.runtime.night import Night
from models.fact_lock.claims import Vocabulary
from schemas.arrow import arrow_schema
from schemas.tables import INTEREST, ITEMS, RECOMMENDATIONS
from schemas.tables.copywriting import COPY, COPY_CLICKS, COPY_SHARES, READER_VOICES, REJECTED_COPY, USER_COPY
from schemas.tables.offers import OFFERS
from schemas.tables.profiles import USER_PROFILES


def main(night: Night) -> None:
    config: CopyConfig = night.settings.section("copy")
    rules = CopyRules.load(config)
    arms = night.settings.section("experiments").copy_on(night.date)
    rules.refuse_unknown(arms)
    recount_clicks(night)
    copywriter = chosen_drafter(night, rules)
    night.size_for(RECOMMENDATIONS, INTEREST)
    items = item_words_of(night, rules)
    languages = spoken(items, config)
    if not languages:
        night.log.info("no copy tonight: no item on sale has a title in %s", ", ".join(config.languages))
        write_nothing(night)
        return
    say_what_is_missing(night, items)
    last, recent = night.versions(COPY).previous().arrow(), wording_shares.seen_since(night)
    clicks = add_clicks(night.versions(COPY_CLICKS).previous().arrow(), recent, last)
    shares = wording_shares.advance(last_shares(night, rules), (), wording_shares.by_wording(recent, last), config)
    night.write(READER_VOICES, reader_voices(night, rules))
    places = read_places(night, rules, items, languages).persist()
    demand = briefs_of_users(night, rules, places, languages).persist()
    briefs, left_out = briefs_of(demand, items, rules, languages)
    vocabulary = Vocabulary.of([item.facts() for item in items.values()], rules.words, rules.figures, rules.claim_words)
    weights = wording_shares.weights(shares)
    inputs = CopyInputs(rules, items, vocabulary, weights, night.date, copywriter.name, kinds_of(arms))
    standing, written, rejected = texts_of(night, inputs, briefs, last, clicks, copywriter)
    copy = pa.concat_tables([standing, written]).sort_by([(name, "ascending") for name in [*BRIEF, "variant"]])
    shares = wording_shares.advance(shares.to_pylist(), wording_shares.arms(copy), {}, config)
    night.write_arrow(COPY, copy)
    night.write_arrow(REJECTED_COPY, rejected)
    night.write_arrow(COPY_SHARES, shares)
    night.write_arrow(COPY_CLICKS, clicks.filter(pc.is_in(clicks["copy_id"], copy["copy_id"])))
    variants = texts_by_arm(copy, wording_shares.weights(shares), arms, config)
    night.write(USER_COPY, texts_for_users(night, demand, variants, rules, arms))
    demand.unpersist()
    places.unpersist()  # a replay runs many nights in one process, and cached frames would pile up
    page = write_page(night, rules, copy, rejected, items)
    report(night, copy, written, rejected, len(briefs), left_out, page)


def texts_of(
    night: Night, inputs: CopyInputs, briefs: Sequence[Brief], last: pa.Table, clicks: pa.Table, copywriter: Drafter
) -> tuple[pa.Table, pa.Table, pa.Table]:
    """(rows of COPY carried over from `last`, those written tonight, REJECTED_COPY)."""
    rules, refused = inputs.rules, night.versions(REJECTED_COPY).previous().arrow()
    carried = carried_over(last, refused, briefs, inputs.items, rules, inputs.shares)
    carried = with_redrafts(carried, briefs, inputs.model, copywriter.writes, rules.config.most_drafted)
    not_lost, lost = without_losers(carried.copy, clicks, rules.config)
    standing = without_the_ended(not_lost, inputs.kinds, rules.config)
    if BY_MODEL in inputs.kinds:
        night.log.info(
            "an arm shows only the copywriter's texts: it writes %d of %d briefs; for the others the arm shows the "
            "usual texts",
            sum(map(copywriter.writes, briefs)),
            len(briefs),
        )
    missing = find_missing(inputs, standing, refused, briefs)
    drafts = copywriter.drafts(night, inputs, carried.todo)
    said_texts = SaidTexts()
    written, rejected = write_all(inputs, said_texts, carried.todo, drafts, standing, night)
    added, in_vain = write_missing(inputs, said_texts, missing, pa.concat_tables([standing, written]))
    rejected = pa.concat_tables([carried.rejected, lost, rejected, in_vain])
    return standing, pa.concat_tables([written, added]), rejected


def item_words_of(night: Night, rules: CopyRules) -> dict[str, ItemWords]:
    """Items on sale, by id. Prices, arrivals and events are those of tomorrow, when users read the texts."""
    config = rules.config
    days = max(config.price_days, config.new_days)
    nights = [(day, items.arrow(["item_id", "price"])) for day, items in night.versions(ITEMS).window(days).by_date()]
    ago = {name: night.date - dt.timedelta(days=getattr(config, name)) for name in ("drop_days", "new_days")}
    past = PastCatalogues.of(nights, ago["drop_days"], ago["new_days"])
    tomorrow = night.date + dt.timedelta(days=1)
    seasons = [season for season in rules.seasons if season.is_on(tomorrow)]
    catalogue = night.versions(ITEMS).tonight().arrow(COLUMNS)
    return read_item_words(
        catalogue.filter(can_be_shown(catalogue)), past, seasons, config.least_drop, rules.dictionary
    )


def spoken(items: Mapping[str, ItemWords], config: CopyConfig) -> list[str]:
    """The languages in which at least one item on sale has a title."""
    return [name for name in config.languages if any(item.title(name) for item in items.values())]


def say_what_is_missing(night: Night, items: Mapping[str, ItemWords]) -> None:
    missing = []
    for table, content in (
        (OFFERS, ", ".join(dict.fromkeys(OF_OFFERS.values()))),
        (USER_PROFILES, "styles other than the default"),
    ):
        if night.versions(table).passed() is None:
            missing.append(f"no {table.name}, so no {content}")
    for name, attribute in (("price drops", "old_price"), ("new arrivals", "is_new_since"), ("events", "season")):
        if all(getattr(item, attribute) is None for item in items.values()):
            missing.append(f"no {name}")
    for line in missing:
        night.log.info("%s", line)
    night.report(left_out=missing)


def last_shares(night: Night, rules: CopyRules) -> list[dict[str, Any]]:
    """Last night's shares, of wordings whose template and voice still exist."""
    names = {t.name for group in rules.templates.groups.values() for t in group} | {BY_MODEL, *WRITERS, APPROVED}
    rows = night.versions(COPY_SHARES).previous().arrow().to_pylist()
    return [row for row in rows if row["wording"] in names and row["style"] in rules.voices]


def report(
    night: Night, copy: pa.Table, written: pa.Table, rejected: pa.Table, briefs: int, left_out: int, page: str
) -> None:
    reasons = Counter(rejected["reason"].to_pylist())
    total = max(1, sum(reasons.values()))
    facts = {
        "briefs": briefs,
        "briefs_beyond_most": left_out,
        "texts": copy.num_rows,
        "written": written.num_rows,
        "carried_over": copy.num_rows - written.num_rows,
        "by_source": dict(Counter(copy["source"].to_pylist())),
        "by_writer": dict(Counter(w for w in copy["wording"].to_pylist() if w in (BY_MODEL, *WRITERS))),
        "by_language": dict(Counter(copy["language"].to_pylist())),
        "by_channel": dict(Counter(copy["channel"].to_pylist())),
        "by_strategy": dict(Counter(copy["strategy"].to_pylist())),
        "rejected": dict(reasons.most_common()),
        "rejected_shares": {reason: round(n / total, 4) for reason, n in reasons.most_common()},
        "review": page,
    }
    night.report(**facts)
    for name in ("by_source", "by_channel", "by_language", "rejected"):
        night.log.info("%s: %s", name, ", ".join(f"{key} {n}" for key, n in facts[name].items()) or "none")
    summary = "%d briefs, %d texts: %d written, %d carried over; %s"
    night.log.info(summary, briefs, copy.num_rows, written.num_rows, facts["carried_over"], page)
    if left_out:
        night.log.info("%d briefs were left out: copy.most_briefs allows no more", left_out)


def write_nothing(night: Night) -> None:
    for table in (COPY, REJECTED_COPY, COPY_SHARES, COPY_CLICKS, READER_VOICES, USER_COPY):
        night.write_arrow(table, arrow_schema(table).empty_table())
    night.report(briefs=0, texts=0)
