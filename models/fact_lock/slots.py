"""Slots: prices, discounts, stock, dates, terms and names come from tables, never from the model.

A slot is a name in braces, `{price}`. The text that a model or a template writes around slots may hold no digit.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from models.fact_lock.facts import Claim, ItemFacts, Source
from models.fact_lock.figure_claims import figure_claims, scene_figures
from models.fact_lock.figure_patterns import FIGURES, Figures
from models.text.languages import Script, in_letters
from models.text.numerals import fold
from models.text.wording import Wording, day_of, money, share_off

SLOT = re.compile(r"\{([a-z_]+)\}")


class Language(Script, Wording, Protocol):
    """A language's letters and its wording of figures, such as a `schemas.copywriting.language.Language`."""


class SlotError(ValueError):
    """A template asks for a slot that the tables do not fill."""


@dataclass(frozen=True)
class Slot:
    """The text for one slot, the field of `ItemFacts` that it states, and where that was read."""

    text: str
    field: str
    source: Source


@dataclass(frozen=True)
class FactUsed:
    """One filled slot: its name, its place in the text (characters), and the fact that it states."""

    slot: str
    text: str
    field: str
    table: str
    row: str
    start: int
    end: int


@dataclass(frozen=True)
class Filled:
    """A text whose slots are filled, and the facts that fill them, in the order of the text."""

    text: str
    facts_used: tuple[FactUsed, ...]


def fill(template: str, slots: Mapping[str, Slot]) -> Filled:
    """The template with every slot filled; braces inside a filled value are left as they are.

    Raises SlotError, naming it, for a slot that `slots` lacks, or for a brace that is no slot.
    """
    parts, facts_used, read, length = [], [], 0, 0  # characters read from the template, and written to the text
    for match in SLOT.finditer(template):
        name = match[1]
        if name not in slots:
            raise SlotError(f"the template asks for {{{name}}}; this item fills {', '.join(sorted(slots)) or 'none'}")
        before, slot = template[read : match.start()], slots[name]
        start = length + len(before)
        read, length = match.end(), start + len(slot.text)
        facts_used.append(FactUsed(name, slot.text, slot.field, slot.source.table, slot.source.row, start, length))
        parts += [before, slot.text]
    parts.append(template[read:])
    loose = [part for part in parts[::2] if "{" in part or "}" in part]
    if loose:
        raise SlotError(f"a brace that is no slot, in {loose[0][:40]!r}; a slot is written like {{price}}")
    return Filled("".join(parts), tuple(facts_used))


def slots_of(facts: ItemFacts, language: Language) -> dict[str, Slot]:
    """Every slot that these facts can fill, worded for the language.

    title, brand, price, old_price, discount ("8折", "20% off"), saving, minimum_spend, stock, ends (the latest of the
    dates), member_terms. There is a discount only if it is a whole percentage.
    """
    texts: dict[str, tuple[str, str | None]] = {
        "title": ("titles", in_letters(facts.titles, language)),
        "brand": ("brands", in_letters(facts.brands, language)),
        "stock": ("stock", f"{facts.stock:.0f}" if facts.stock is not None else None),
        "ends": ("dates", day_of(max(facts.dates), language) if facts.dates else None),
        "member_terms": ("member_terms", in_letters(facts.member_terms, language)),
        "discount": ("discount_share", share_off(facts.shares_off[0], language) if facts.shares_off else None),
    }
    for name in ("price", "old_price", "minimum_spend"):
        value: float | None = getattr(facts, name)
        texts[name] = (name, money(value, facts.currency, language) if value is not None else None)
    saving = facts.amounts_off
    texts["saving"] = ("discount_amount", money(saving[0], facts.currency, language) if saving else None)
    return {name: Slot(text, field, facts.source(field)) for name, (field, text) in texts.items() if text}


def digits_of_its_own(text: str, figures: Figures = FIGURES) -> list[Claim]:
    """Every figure outside slots: digits of any script, Chinese numerals and number words in number context."""
    blank = SLOT.sub(lambda match: "\x00" * len(match[0]), text)
    claims = [
        claim
        for claim in figure_claims(blank, figures)
        if claim.kind in ("price", "discount", "number") or any(c.isnumeric() for c in blank[claim.start : claim.end])
    ]
    covered = {index for claim in claims for index in range(claim.start, claim.end)}
    covered.update(index for start, end in scene_figures(fold(blank), figures) for index in range(start, end))
    uncovered = [
        Claim("number", letter, index, index + 1)
        for index, letter in enumerate(blank)
        if _is_digit(letter) and index not in covered
    ]
    return sorted([*claims, *uncovered], key=lambda claim: claim.start)


def _is_digit(letter: str) -> bool:
    """A digit, fraction or circled number of any script; not a Chinese numeral, which may be part of a word."""
    return letter.isnumeric() and not "\u3400" <= letter <= "\u9fff"
