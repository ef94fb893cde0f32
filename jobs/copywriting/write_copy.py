"""Tonight's lists, offers and catalogue -> marketing copy: a text for each brief, and who is told which.

A brief is (item, strategy, audience style, channel, language); only those that somebody is to be told are made, and of
these only those written again whose facts, rules or copywriter changed since last night. Drafts come from the
copywriter where one is trained, then from approved templates; a draft is checked against the item's facts and the
rules of its market, and where it fails the next is taken. What was refused is kept with its reason.
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
from jobs.copywriting.carry_over import carried_over, with_redrafts
from jobs.copywriting.demand import OF_OFFERS, assigned, briefs_of, given, read_places
from jobs.copywriting.drafts import Running, drafts_of, running_copywriter
from jobs.copywriting.experiment_texts import (
    deals,
    kinds_of,
    lacking,
    without_the_ended,
    write_lacking,
)
from jobs.copywriting.item_words import COLUMNS, Before, Goods, in_language, read_goods
from jobs.copywriting.review_page import write_page
from jobs.copywriting.rules import CopyConfig, Rules
from jobs.copywriting.slots import BRIEF, Brief
from jobs.copywriting.slots import MODEL as BY_MODEL
from jobs.copywriting.text_clicks import add_clicks, without_losers
from jobs.copywriting.write_many import write_all
from jobs.copywriting.writer import Writer
from jobs.runtime.night import Night
from models.fact_lock.claims import Vocabulary
from schemas.arrow import arrow_schema
from schemas.tables import INTEREST, ITEMS, RECOMMENDATIONS
from schemas.tables.copywriting import COPY, COPY_CLICKS, COPY_SHARES, REJECTED_COPY, USER_COPY
from schemas.tables.offers import OFFERS
from schemas.tables.profiles import USER_PROFILES


def main(night: Night) -> None:
    config: CopyConfig = night.settings.section("copy")
    rules = Rules.load(config)
    arms = night.settings.section("experiments").copy_on(night.date)
    rules.refuse_unknown(arms)
    copywriter = running_copywriter(night)
    night.size_for(RECOMMENDATIONS, INTEREST)
    goods = goods_of(night, rules)
    languages = spoken(goods, config)
    if not languages:
        night.log.info("no item on sale has a title in %s: no copy tonight", ", ".join(config.languages))
        write_nothing(night)
        return
    say_what_is_missing(night, goods)
    last, seen = night.versions(COPY).previous().arrow(), wording_shares.seen_since(night)
    clicks = add_clicks(night.versions(COPY_CLICKS).previous().arrow(), seen, last)
    shares = wording_shares.advance(last_shares(night, rules), (), wording_shares.by_wording(seen, last), config)
    places = read_places(night, rules, goods, languages).persist()
    demand = assigned(night, rules, places, languages).persist()
    briefs, left = briefs_of(demand, goods, rules, languages)
    vocabulary = Vocabulary.of([one.facts() for one in goods.values()], rules.words)
    writer = Writer(
        rules, goods, vocabulary, wording_shares.weights(shares), night.date, copywriter.name, kinds_of(arms)
    )
    stands, written, rejected = texts_of(night, writer, briefs, last, clicks, copywriter)
    copy = pa.concat_tables([stands, written]).sort_by([(name, "ascending") for name in [*BRIEF, "variant"]])
    shares = wording_shares.advance(shares.to_pylist(), wording_shares.arms(copy), {}, config)
    night.write_arrow(COPY, copy)
    night.write_arrow(REJECTED_COPY, rejected)
    night.write_arrow(COPY_SHARES, shares)
    night.write_arrow(COPY_CLICKS, clicks.filter(pc.is_in(clicks["copy_id"], copy["copy_id"])))
    variants = deals(copy, wording_shares.weights(shares), arms, config)
    night.write(USER_COPY, given(night, demand, variants, config.seed, arms))
    demand.unpersist()
    places.unpersist()  # a replay is one process: what is kept would add up
    page = write_page(night, rules, copy, rejected, goods)
    report(night, copy, written, rejected, len(briefs), left, page)


def texts_of(
    night: Night, writer: Writer, briefs: Sequence[Brief], last: pa.Table, clicks: pa.Table,
    copywriter: Running,
) -> tuple[pa.Table, pa.Table, pa.Table]:  # fmt: skip
    """(rows of COPY that stand since last night, those written tonight, REJECTED_COPY)."""
    rules, refused = writer.rules, night.versions(REJECTED_COPY).previous().arrow()
    carried = carried_over(last, refused, briefs, writer.goods, rules, writer.shares)
    carried = with_redrafts(carried, briefs, writer.model, copywriter.writes, rules.config.most_drafted)
    best, lost = without_losers(carried.copy, clicks, rules.config)
    stands = without_the_ended(best, writer.kinds, rules.config)
    if BY_MODEL in writer.kinds:
        night.log.info("an arm is told what the copywriter alone wrote: it writes %d of %d briefs; the usual elsewhere",
                       sum(map(copywriter.writes, briefs)), len(briefs))  # fmt: skip
    lacks = lacking(writer, stands, refused, briefs)
    drafts = drafts_of(night, copywriter, writer.clean, rules, carried.todo)
    written, rejected = write_all(writer, carried.todo, drafts, stands, night.log.info)
    added, in_vain = write_lacking(writer, lacks, pa.concat_tables([stands, written]), night.log.info)
    return stands, pa.concat_tables([written, added]), pa.concat_tables([carried.rejected, lost, rejected, in_vain])


def goods_of(night: Night, rules: Rules) -> dict[str, Goods]:
    """What is on sale, with its news as of tomorrow, when the texts are read."""
    config = rules.config
    days = max(config.price_days, config.new_days)
    nights = [(day, items.arrow(["item_id", "price"])) for day, items in night.versions(ITEMS).window(days).by_date()]
    ago = {name: night.date - dt.timedelta(days=getattr(config, name)) for name in ("drop_days", "new_days")}
    before = Before.of(nights, ago["drop_days"], ago["new_days"])
    tomorrow = night.date + dt.timedelta(days=1)
    seasons = [season for season in rules.seasons if season.is_on(tomorrow)]
    items = night.versions(ITEMS).tonight().arrow(COLUMNS)
    return read_goods(items.filter(can_be_shown(items)), before, seasons, config.least_drop)


def spoken(goods: Mapping[str, Goods], config: CopyConfig) -> list[str]:
    """The languages that the catalogue has a title in: a shop of one language gets copy in one."""
    return [
        language
        for language in config.languages
        if any(in_language(title, language) for one in goods.values() for title in one.titles)
    ]


def say_what_is_missing(night: Night, goods: Mapping[str, Goods]) -> None:
    missing = []
    for table, what in (
        (OFFERS, ", ".join(dict.fromkeys(OF_OFFERS.values()))),
        (USER_PROFILES, "styles other than the default"),
    ):
        if night.versions(table).passed() is None:
            missing.append(f"no {table.name}, so no {what}")
    for name, attribute in (("price drops", "old_price"), ("new arrivals", "is_new_since"), ("events", "season")):
        if all(getattr(one, attribute) is None for one in goods.values()):
            missing.append(f"no {name}")
    for line in missing:
        night.log.info("%s", line)
    night.report(left_out=missing)


def last_shares(night: Night, rules: Rules) -> list[dict[str, Any]]:
    """Last night's shares, of wordings that are still there."""
    names = {t.name for group in rules.templates.groups.values() for t in group} | {"model", "approved"}
    rows = night.versions(COPY_SHARES).previous().arrow().to_pylist()
    return [row for row in rows if row["wording"] in names and row["style"] in rules.voices]


def report(
    night: Night, copy: pa.Table, written: pa.Table, rejected: pa.Table, briefs: int, left: int, page: str
) -> None:
    reasons = Counter(rejected["reason"].to_pylist())
    total = max(1, sum(reasons.values()))
    facts = {
        "briefs": briefs,
        "briefs_beyond_most": left,
        "texts": copy.num_rows,
        "written": written.num_rows,
        "carried_over": copy.num_rows - written.num_rows,
        "by_source": dict(Counter(copy["source"].to_pylist())),
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
    night.log.info("%d briefs, %d texts: %d written, %d carried over; %s", briefs, copy.num_rows, written.num_rows,
                   facts["carried_over"], page)  # fmt: skip
    if left:
        night.log.info("%d briefs beyond copy.most_briefs are not made", left)


def write_nothing(night: Night) -> None:
    for table in (COPY, REJECTED_COPY, COPY_SHARES, COPY_CLICKS, USER_COPY):
        night.write_arrow(table, arrow_schema(table).empty_table())
    night.report(briefs=0, texts=0)
