"""Reads the catalogue: each item's words, what it cost before, and whether it is new."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from jobs.common.shown_names import refusals_of
from jobs.copywriting.dictionary import Dictionary, shipped_dictionary
from jobs.copywriting.item_words import ItemWords
from jobs.runtime.attributes import read_attributes
from models.compliance.names import shows_intent
from models.copywriting.glossary import learn
from models.text.languages import CJK
from schemas.copywriting.language import Language
from schemas.copywriting.wording import Season

COLUMNS = ["item_id", "shown_title", "shown_title_zh", "shown_brand", "shown_category", "names_refused", "description",
           "description_zh", "price", "currency", "stock", "is_active", "is_replenishable", "attributes"]  # fmt: skip
# What files hold where there is no value.
_NOTHING = {"nan", "inf", "-inf", "infinity", "-infinity", "null", "none", "n/a", "na", "-", "--", "?", "unknown"}
_NAMES_IN_LANGUAGES = ("title", "description", "brand", "kind")  # attributes may give these in a language: `title_de`
_TEACH = 5_000  # most items that the glossary is learned from


@dataclass(frozen=True)
class PastCatalogues:
    """Earlier catalogues: each item's lowest price up to the night `until`, and the item ids of the `oldest` night."""

    lowest: Mapping[str, float] = field(default_factory=dict)
    until: dt.date | None = None
    oldest_ids: frozenset[str] | None = None
    oldest: dt.date | None = None

    @classmethod
    def of(cls, nights: Sequence[tuple[dt.date, pa.Table]], until: dt.date, new_since: dt.date) -> PastCatalogues:
        """nights: (night, table with item_id and price), oldest first.

        Prices come from nights up to `until`. Items in the first catalogue on or after `new_since` are not new.
        """
        early = [table for night, table in nights if night <= until]
        least = pa.concat_tables(early).group_by("item_id").aggregate([("price", "min")]) if early else None
        lowest = zip(least["item_id"].to_pylist(), least["price_min"].to_pylist(), strict=True) if least else ()
        oldest = next(((night, table) for night, table in nights if night >= new_since), None)
        return cls(
            {item: price for item, price in lowest if price is not None},
            until,
            frozenset(oldest[1]["item_id"].to_pylist()) if oldest else None,
            oldest[0] if oldest else None,
        )


def read_item_words(
    catalogue: pa.Table,
    past: PastCatalogues,
    seasons: Sequence[Season],
    least_drop: float,
    dictionary: Dictionary | None = None,
) -> dict[str, ItemWords]:
    """item_id -> words of each row of ITEMS. Chinese words for attributes are learned from all rows together.

    A price has dropped if it is at least `least_drop` (a share) below the lowest earlier price. An item is new if the
    oldest catalogue lacks it.
    """
    dictionary = dictionary or shipped_dictionary()
    rows = catalogue.select(COLUMNS).to_pylist()
    attributes = read_attributes(row["attributes"] for row in rows)
    split = [_in_languages(item_attributes, dictionary.languages) for item_attributes in attributes]
    yes, nothing = _yes_and_nothing(dictionary.languages.values())
    values = [_values(row, plain, yes, nothing) for row, (plain, _) in zip(rows, split, strict=True)]
    step = max(1, -(-len(rows) // _TEACH))  # an even sample: more items teach hardly any new word
    latin = [{name: v for name, v in texts.items() if not CJK.search(v)} for texts in values[::step]]
    glossary = learn(latin, [(row["shown_title_zh"], row["description_zh"]) for row in rows[::step]])
    items = {}
    for row, words, (_, in_languages) in zip(rows, values, split, strict=True):
        item_id, price, lowest = row["item_id"], row["price"], past.lowest.get(row["item_id"])
        dropped = lowest is not None and price is not None and 0 < price <= lowest * (1 - least_drop)
        words_of = {
            name: tuple(w for w in (word, glossary.get((name, word)), *in_languages.get(name, {}).values()) if w)
            for name, word in words.items()
        }
        refused = tuple(refusals_of(row["names_refused"]))
        judged = [row["shown_title"], row["shown_title_zh"], row["shown_brand"], *_levels(row)[-1:]]
        titles = [*judged[:2], *in_languages.get("title", {}).values()]
        if any(column.startswith("title") and shows_intent(reason) for column, reason, _ in refused):
            titles = []  # the same person wrote them all
        items[item_id] = ItemWords(
            item_id,
            tuple(dict.fromkeys(filter(None, (title.strip() for title in titles if title)))),
            words_of.pop("brand", ()),
            words_of.pop("kind", ()),
            tuple(words_of.items()),
            row["shown_category"],
            price,
            lowest if dropped else None,
            past.until if dropped else None,
            row["currency"],
            past.oldest if past.oldest_ids is not None and item_id not in past.oldest_ids else None,
            next((season for season in seasons if season.is_about(row["shown_category"])), None),
            _by_language(in_languages),
            tuple(": ".join(refusal) for refusal in refused),
            frozenset(name.strip() for name in judged if name),
            dictionary=dictionary,
        )
    return items


def _in_languages(
    attributes: Mapping[str, Any], languages: Iterable[str]
) -> tuple[dict[str, Any], dict[str, dict[str, str]]]:
    """(the other attributes, name -> language -> the shop's word): `colour_de` says what `colour` is in German."""
    plain, in_languages = dict(attributes), defaultdict[str, dict[str, str]](dict)
    for name in attributes:
        base, _, language = name.rpartition("_")
        if language in languages and (base in attributes or base in _NAMES_IN_LANGUAGES):
            word = plain.pop(name)
            if isinstance(word, str) and word.strip():
                in_languages[base][language] = word.strip()
    return plain, in_languages


def _by_language(in_languages: Mapping[str, Mapping[str, str]]) -> dict[str, frozenset[str]]:
    by_language: dict[str, set[str]] = defaultdict(set)
    for words in in_languages.values():
        for language, word in words.items():
            by_language[language].add(word)
    return {language: frozenset(words) for language, words in by_language.items()}


def _yes_and_nothing(languages: Iterable[Language]) -> tuple[frozenset[str], frozenset[str]]:
    """(values that mean yes, the item has the attribute; values that mean no, or that nothing is known)."""
    languages = tuple(languages)
    yes = (word.lower() for language in languages for word in language.yes)
    no = (word.lower() for language in languages for word in language.no)
    return frozenset(("true", *yes)), frozenset(("false", *_NOTHING, *no))


def _values(
    row: Mapping[str, Any], attributes: Mapping[str, Any], yes: frozenset[str], nothing: frozenset[str]
) -> dict[str, str]:
    """Attributes that are words or figures, with `brand`, and `kind` (the last level of the category).

    Where the value is yes, it becomes the attribute's name ("machine washable"). Where it is no, or means that nothing
    is known, the attribute is left out.
    """
    texts = {name: str(value).strip() for name, value in attributes.items() if isinstance(value, str | int | float)}
    values = {
        name: name.replace("_", " ") if value.lower() in yes else value
        for name, value in texts.items()
        if value.lower() not in nothing
    }
    values |= {"brand": (row["shown_brand"] or "").strip(), "kind": "".join(_levels(row)[-1:])}
    return {name: value for name, value in values.items() if value}


def _levels(row: Mapping[str, Any]) -> list[str]:
    return [level.strip() for level in (row["shown_category"] or "").split(" > ")]
