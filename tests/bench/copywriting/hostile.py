"""Puts hostile rows into a tiny shop's catalogue, runs its nights, and searches for their strings in what is published.

    python -m tests.bench.copywriting.hostile --cases ../shared/cases/copy/hostile_rows.jsonl

The file has one JSON object a line: kind; row, with any of name_en, name_zh, brand, cat_path and attrs; and `seen`:
what was published when somebody tried the row before. Each row replaces these columns of one of the most seen items of
the sample shop, in the catalogue of both nights. The nights are complete: intake, models, lists, copy, publishing.

The search is for every name, brand, part of a category path and value of an attribute in a row. A plain word (Desk fan,
风扇, red) is left out if the row has more than names: it only carries the attack. Case, widths and blanks do not count.
A string is published if it is in any text of any table of the storefront (also the reasons of lists and the `shown_`
names of `items`), or on any page of the night's reports. The other columns of `items` are counted separately: they show
the catalogue as it is.

Each row must be accounted for: rejected with a reason, in copy without its strings, or without copy and with a reason
in `rejected_copy`. The last line is JSON.
"""

from __future__ import annotations

import argparse
import csv
import datetime as dt
import html
import json
import re
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jobs.runtime.threads import bound_threads

bound_threads()  # before numpy and torch are loaded, as `python -m jobs` does

import pyarrow as pa  # noqa: E402
import pyarrow.parquet as pq  # noqa: E402

from jobs.nights import nightly  # noqa: E402
from jobs.runtime.lake import Lake  # noqa: E402
from jobs.runtime.products import PUBLISHED  # noqa: E402
from jobs.runtime.progress import each, progress  # noqa: E402
from jobs.sample_shop.dirt import Shares  # noqa: E402
from jobs.sample_shop.make_sample_shop import make_sample_shop  # noqa: E402
from jobs.sample_shop.shop import Plan  # noqa: E402
from models.text.numerals import fold  # noqa: E402
from schemas.tables import ITEMS, RECOMMENDATIONS, REJECTED_ITEMS  # noqa: E402
from schemas.tables.copywriting import COPY, REJECTED_COPY, USER_COPY  # noqa: E402
from tests.sample import Sample, current, shown  # noqa: E402

START, DAYS = dt.date(2026, 1, 1), 2
NAMES = ("name_en", "name_zh")
ON_SALE = {"on_sale": "Y", "stock": "1000"}  # else no list would contain the item
_PLAIN = re.compile(r"[A-Za-z]{3,}(?: [A-Za-z]{3,})?|[\u4e00-\u9fff]{1,4}")
_NO_VALUES = {"inf", "infinity", "nan", "null", "none", "undefined", "true", "false", "yes"}
_COPY = (COPY.name, USER_COPY.name)
_SHOWN = "shown_"  # columns of ITEMS that a page may print
_AROUND = 40  # characters of a page that are printed on each side of a find
_SLOTS = {"{terms}", "{until}"}  # may stand in `copy`: user_copy fills them in


@dataclass
class Attack:
    """One row of the file, which replaces one item; seen: what was published when somebody tried it before."""

    kind: str
    row: dict[str, str]
    item_id: str
    seen: str | None = None
    found: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))  # table -> examples
    account: str = ""

    @property
    def strings(self) -> set[str]:
        """The strings to search for, folded; see the docstring of this file."""
        pairs = list(_strings(self.row))
        has_more = any(column not in NAMES for column in self.row)
        hidden = [text for column, text in pairs if not (has_more and _is_plain(column, text))]
        return {text for text in map(_folded, hidden) if len(text) > 1}

    @property
    def published(self) -> list[str]:
        """Where its strings were found, as `place: text`, texts of copy first."""
        places = sorted(
            (place for place in self.found if place != ITEMS.name),
            key=lambda place_found: (place_found not in _COPY, place_found),
        )
        return [f"{place}: {text}" for place in places for text in self.found[place]]


def _strings(row: dict[str, str]) -> Iterator[tuple[str, str]]:
    """(column, text) of every text in a row."""
    for column in (*NAMES, "brand"):
        yield column, row.get(column) or ""
    for part in (row.get("cat_path") or "").split(" > "):
        yield "cat_path", part
    try:
        attributes = json.loads(row.get("attrs") or "null")
    except json.JSONDecodeError:
        return
    for value in _scalars(attributes):
        yield "attrs", value


def _scalars(value: Any) -> Iterator[str]:
    if isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _scalars(inner)
    elif value is not None and not isinstance(value, bool):
        yield str(value)


def _is_plain(column: str, text: str) -> bool:
    return column in (*NAMES, "attrs") and bool(_PLAIN.fullmatch(text)) and text.lower() not in _NO_VALUES


def _folded(text: str) -> str:
    return " ".join(fold(text).split())


def make_shop(folder: Path, cases: list[dict[str, Any]], users: int) -> tuple[Sample, list[Attack]]:
    """A shop in which the cases replace the names of the most seen items; its lake is still empty."""
    raw = folder / "raw"
    plan = Plan(seed=7, users=users, items=max(80, 2 * len(cases)), days=DAYS, start=START, events_per_user_day=7.0,
                crawlers=1, shares=Shares())  # fmt: skip
    make_sample_shop(plan, raw)
    days = [plan.day(n) for n in range(DAYS)]
    ids = _most_seen(raw, days)
    if len(ids) < len(cases):
        raise ValueError(f"{len(cases)} cases, but only {len(ids)} items were seen on both days; give more --users")
    attacks = [Attack(case["kind"], case["row"], item_id, case.get("seen"))
               for case, item_id in zip(cases, ids, strict=False)]  # fmt: skip
    for day in days:
        _plant(raw / str(day) / "items.csv", {attack.item_id: attack.row for attack in attacks})
    return Sample(raw, Lake(str(folder / "lake")), folder / "eve"), attacks


def _most_seen(raw: Path, days: Iterable[dt.date]) -> list[str]:
    """Items that are in every day's catalogue, those with the most events first."""
    events_by_item: Counter[str] = Counter()
    listed = []
    for day in days:
        for path in sorted(raw.glob(f"{day}/events-*.parquet")):
            events_by_item.update(pq.read_table(path, columns=["goods_id"])["goods_id"].drop_null().to_pylist())
        listed.append({row["goods_id"] for row in _read(raw / str(day) / "items.csv")})
    return [item for item, _ in events_by_item.most_common() if all(item in ids for ids in listed)]


def _read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def _plant(path: Path, attacks: dict[str, dict[str, str]]) -> None:
    rows = _read(path)
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, rows[0], lineterminator="\n")
        writer.writeheader()
        for row in rows:
            attack = attacks.get(row["goods_id"])
            writer.writerow(row | attack | ON_SALE if attack else row)


def search(lake: Lake, attacks: list[Attack]) -> None:
    """Fills in where the strings of each attack are found, in all texts of all published tables and all report pages.

    Short strings are searched only in texts of their own item, since honest texts may contain them too.
    """
    for table in PUBLISHED:
        data = shown(lake, table)
        texts = [name for name in data.column_names if pa.types.is_string(data.schema.field(name).type)]
        printed = [name for name in texts if table is not ITEMS or name.startswith(_SHOWN)]
        _search_columns(table.name, data, printed if table is not ITEMS else sorted({*texts} - {*printed}), attacks)
        if table is ITEMS:
            _search_columns(f"{ITEMS.name}.{_SHOWN}*", data, printed, attacks)
    for page in sorted((Path(lake.root) / "reports").rglob("*")):
        if page.is_file():
            _search_page(page.name, _folded(html.unescape(page.read_text("utf-8"))), attacks)


def _search_columns(place: str, data: pa.Table, columns: list[str], attacks: list[Attack]) -> None:
    owner = data["item_id"].to_pylist() if "item_id" in data.column_names else [None] * data.num_rows
    texts: dict[tuple[str | None, str], None] = {}
    for name in columns:
        texts.update(dict.fromkeys(zip(owner, data[name].to_pylist(), strict=True)))
    folded = [(item, text, _folded(text)) for item, text in texts if text]
    for attack in attacks:
        strings = attack.strings - (_SLOTS if place == COPY.name else set())
        attack.found[place] = [
            text for item, text, plain in folded
            if any(string in plain for string in strings if len(string) > 4 or item == attack.item_id)
        ]  # fmt: skip


def _search_page(place: str, page: str, attacks: list[Attack]) -> None:
    for attack in attacks:
        position = max((page.find(string) for string in attack.strings - _SLOTS if len(string) > 4), default=-1)
        attack.found[place] = [page[max(0, position - _AROUND) : position + _AROUND]] if position >= 0 else []


def account(lake: Lake, night: dt.date, attacks: list[Attack]) -> None:
    """Fills in what became of each row; empty if no table tells it."""
    lost = current(lake, REJECTED_ITEMS, night).to_pylist()
    lost_by_id = {json.loads(row["raw_row"]).get("goods_id"): row["reason"] for row in lost}
    items = set(current(lake, ITEMS, night)["item_id"].to_pylist())
    texts = Counter(shown(lake, COPY)["item_id"].to_pylist())
    listed = set(shown(lake, RECOMMENDATIONS)["item_id"].to_pylist())
    refused: dict[str, Counter[str]] = defaultdict(Counter)
    for row in current(lake, REJECTED_COPY, night).to_pylist():
        refused[row["item_id"]][row["detail"] if row["reason"] == "hostile catalogue text" else row["reason"]] += 1
    for attack in attacks:
        item = attack.item_id
        why = "; ".join(reason[:60] for reason, _ in refused[item].most_common(3))
        if item in lost_by_id:
            attack.account = f"row rejected: {lost_by_id[item]}"
        elif texts[item]:
            attack.account = f"{texts[item]} texts" + (f", words left out: {why}" if why else "")
        elif why:
            attack.account = f"no text: {why}"
        elif item in items and item not in listed:
            attack.account = "kept, on nobody's list"


def report(attacks: list[Attack]) -> dict[str, Any]:
    """Prints the rows by kind, then each row's account; returns the figures."""
    kinds: dict[str, list[Attack]] = defaultdict(list)
    for attack in attacks:
        kinds[attack.kind].append(attack)
    print(f"{'kind':12}{'rows':>6}{'published':>11}{'in items':>10}{'unaccounted':>13}  example")
    by_kind = {}
    for kind, rows in kinds.items():
        published = [attack for attack in rows if attack.published]
        in_items = sum(bool(attack.found[ITEMS.name]) for attack in rows)
        lost = sum(not attack.account for attack in rows)
        example = next((text for attack in published for text in attack.published), "")
        print(f"{kind:12}{len(rows):6}{len(published):11}{in_items:10}{lost:13}  {example[:80]}")
        by_kind[kind] = {"rows": len(rows), "published": len(published)}
    print()
    for attack in attacks:
        mark = "PUBLISHED" if attack.published else ""
        print(f"{attack.kind:12}{mark:11}{_shown(attack)[:44]!r}: {attack.account or 'NOT ACCOUNTED FOR'}")
    print()
    places = _by_place(attacks)
    for place, texts in places.items():
        print(f"in {place}: strings of {len(texts)} rows, such as {texts[0][:90]!r}")
    published = sum(bool(attack.published) for attack in attacks)
    before = sum((attack.seen or "").startswith("published") for attack in attacks)
    print(f"\n{published} of {len(attacks)} rows published; by the file's own account it was {before} before")
    return {
        "rows": len(attacks),
        "published": published,
        "by_kind": by_kind,
        "in_items": sum(bool(attack.found[ITEMS.name]) for attack in attacks),
        "places": {place: len(texts) for place, texts in places.items()},
        "accounted": sum(bool(attack.account) for attack in attacks),
        "with_texts": sum(" texts" in attack.account for attack in attacks),
        "published_before": before,
    }


def _by_place(attacks: list[Attack]) -> dict[str, list[str]]:
    """Table or page, without the catalogue -> one text for each attack that was found in it."""
    texts_by_place: dict[str, list[str]] = defaultdict(list)
    for attack in attacks:
        for place, texts in attack.found.items():
            if texts and place != ITEMS.name:
                texts_by_place[place].append(texts[0])
    return texts_by_place


def _shown(attack: Attack) -> str:
    return " | ".join(str(value) for value in attack.row.values())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=Path, required=True)
    parser.add_argument("--users", type=int, default=80)
    args = parser.parse_args()
    cases = [json.loads(line) for line in args.cases.read_text("utf-8").splitlines() if line.strip()]
    with tempfile.TemporaryDirectory() as folder:
        shop, attacks = make_shop(Path(folder), cases, args.users)
        for day in each("hostile rows", [START + dt.timedelta(days=n) for n in range(DAYS)], "nights"):
            nightly.main(shop.night(day))
        with progress("looking for the rows in all that is published"):
            search(shop.lake, attacks)
        account(shop.lake, day, attacks)
    print(json.dumps(report(attacks), ensure_ascii=False))


if __name__ == "__main__":
    main()
