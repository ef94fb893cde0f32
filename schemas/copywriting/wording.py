"""Approved templates and the calendar of events, in TOML; stdlib only.

A template contains no figure and no name; these come from slots, and the strategy decides which slots exist. So only
texts about a price contain one, and all other texts stay valid when the price changes.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from schemas.copywriting.language_files import file_of
from schemas.copywriting.voice import Voice, VoiceError, read_toml, texts
from schemas.tables.copywriting import CHANNELS, STRATEGIES
from schemas.toml_files import refuse_unknown

ANY = "any"  # the style of a template that suits every voice

ITEM_SLOTS = ("title", "brand", "kind", "detail", "details", "benefit", "reason", "shop")
USERS_SLOTS = ("terms", "until")  # filled for each user when a user gets the text
_MORE_SLOTS = {
    "price_drop": ("price", "old_price", "saving"),
    "coupon_win_back": USERS_SLOTS,
    "coupon_first_purchase": USERS_SLOTS,
    "member_exclusive": USERS_SLOTS,
    "coupon": USERS_SLOTS,
    "replenishment": ("used_up",),
    "seasonal_event": ("event",),
}
SLOTS: dict[str, tuple[str, ...]] = {s: (*ITEM_SLOTS, *_MORE_SLOTS.get(s, ())) for s in STRATEGIES}
_ALWAYS_THERE = {
    "title",
    "shop",
    "price",
    "old_price",
    "saving",
    "event",
    "used_up",
    *USERS_SLOTS,
}  # filled for every item of the strategy
ON_A_CARD = frozenset(("title", "brand", "terms"))  # a list shows many cards, so each card needs one of these slots
_LEAST = 2  # templates of each group, so that their clicks can be compared


@dataclass(frozen=True)
class Template:
    """One approved wording. `name` is a hash of its text, so that a changed text counts as a new arm."""

    strategy: str
    channel: str
    language: str
    style: str
    text: str

    @cached_property
    def name(self) -> str:
        return "t-" + hashlib.sha256(f"{self.strategy}\0{self.channel}\0{self.text}".encode()).hexdigest()[:10]

    @cached_property
    def slots(self) -> tuple[str, ...]:
        return tuple(re.findall(r"\{(\w*)\}", self.text))

    @cached_property
    def needs(self) -> frozenset[str]:
        """Slots that some items cannot fill."""
        return frozenset(self.slots) - _ALWAYS_THERE


@dataclass(frozen=True)
class Templates:
    """Templates by (strategy, channel, language)."""

    groups: Mapping[tuple[str, str, str], tuple[Template, ...]]

    def of(self, strategy: str, channel: str, language: str, style: str) -> list[Template]:
        """Templates for this style, then templates for any style; each in the order of the file."""
        group = self.groups[strategy, channel, language]
        return [t for t in group if t.style == style] + [t for t in group if t.style == ANY]


@dataclass(frozen=True)
class Season:
    """An event: names by language, days, the category paths (and all below them) that it is about, and its style."""

    id: str
    names: Mapping[str, str]
    when: tuple[tuple[str, str], ...]
    categories: tuple[str, ...] = ()
    style: str = ""

    def is_on(self, day: dt.date) -> bool:
        """Whether the event is on. Spans are MM-DD every year, also over New Year, or whole dates."""
        for first, last in self.when:
            today = str(day) if len(first) == 10 else f"{day:%m-%d}"
            if (first <= today <= last) if first <= last else (today >= first or today <= last):
                return True
        return False

    def is_about(self, category: str | None) -> bool:
        path = category or ""
        return not self.categories or any(path == c or path.startswith(f"{c} > ") for c in self.categories)


def load_templates(languages: Iterable[str], voices: Mapping[str, Voice], shop_folder: str = "") -> Templates:
    """The templates of each language; shop_folder: folder of the shop's own languages.

    Raises VoiceError for an unknown key or slot, a figure outside a slot, a word that a voice must not use, or a group
    with too few templates or too few that need only a title; FileNotFoundError for a language without a file.
    """
    groups: dict[tuple[str, str, str], tuple[Template, ...]] = {}
    for language in languages:
        path = file_of(language, "templates.toml", shop_folder)
        of_language = read_templates(path, language, voices)
        if problem := next(thin_groups(path, of_language), None):
            raise VoiceError(problem)
        groups |= {(*group, language): templates for group, templates in of_language.items()}
    return Templates(groups)


def read_templates(
    path: Path, language: str, voices: Mapping[str, Voice]
) -> dict[tuple[str, str], tuple[Template, ...]]:
    """(strategy, channel) -> its templates in a file, perhaps none. Raises VoiceError for an unusable template."""
    templates = _read(path, language, voices)
    return {
        (strategy, channel): tuple(t for t in templates if (t.strategy, t.channel) == (strategy, channel))
        for strategy in STRATEGIES
        for channel in CHANNELS
    }


def thin_groups(path: Path, groups: Mapping[tuple[str, str], tuple[Template, ...]]) -> Iterator[str]:
    """What is wrong with each strategy and channel that has too few templates, or too few that need only a title."""
    for (strategy, channel), group in groups.items():
        where = f"{path} [{strategy}] {channel}"
        for_any_style = [t for t in group if t.style == ANY]
        if len(for_any_style) < _LEAST:
            yield f"{where}: {len(for_any_style)} templates for any style; it needs at least {_LEAST}"
        elif sum(not t.needs for t in for_any_style) < _LEAST:
            needed = sorted(frozenset().union(*(t.needs for t in for_any_style)))
            yield f"{where}: an item may have nothing but a title; at least {_LEAST} templates must not need {needed}"


def load_seasons(languages: Iterable[str], voices: Mapping[str, Voice], shop_folder: str = "") -> tuple[Season, ...]:
    """The calendars of the languages as one: an event that several languages have is one event, with a name in each.

    Its days, categories and style are those of the first language that has it. Raises VoiceError naming the event.
    """
    seasons: dict[str, Season] = {}
    for language in languages:
        path = file_of(language, "calendar.toml", shop_folder)
        for raw in read_toml(path).get("event", []):
            season = _season(f"{path} event {raw.get('id')!r}", raw, language, voices)
            earlier = seasons.get(season.id, season)
            seasons[season.id] = replace(earlier, names={**earlier.names, **season.names})
    return tuple(seasons.values())


def _read(path: Path, language: str, voices: Mapping[str, Voice]) -> list[Template]:
    raw = read_toml(path)
    templates = []
    for strategy, table in raw.items():
        if strategy not in STRATEGIES or not isinstance(table, dict):
            raise VoiceError(f"{path}: no strategy [{strategy}]; there are {', '.join(STRATEGIES)}")
        by_style = {ANY: {k: v for k, v in table.items() if not isinstance(v, dict)}}
        by_style |= {k: v for k, v in table.items() if isinstance(v, dict)}
        for style, channels in by_style.items():
            if style != ANY and style not in voices:
                raise VoiceError(f"{path}: no style [{strategy}.{style}]; there are {', '.join(voices)}")
            for channel, wordings in channels.items():
                where = f"{path} [{strategy}{'' if style == ANY else '.' + style}] {channel}"
                if channel not in CHANNELS:
                    raise VoiceError(f"{where}: no such channel; there are {', '.join(CHANNELS)}")
                templates += [Template(strategy, channel, language, style, text) for text in texts(where, wordings)]
    for template in templates:
        _check(path, template, voices)
    return templates


def _check(path: Path, template: Template, voices: Mapping[str, Voice]) -> None:
    where = f"{path} [{template.strategy}] {template.channel} {template.text!r}"
    known = SLOTS[template.strategy]
    for slot in template.slots:
        if slot not in known:
            raise VoiceError(f"{where}: no slot {{{slot}}} there; {template.strategy} has {', '.join(known)}")
    if template.channel == "card" and not ON_A_CARD.intersection(template.slots):
        raise VoiceError(f"{where}: a card names its item; it needs {{title}}, {{brand}} or, for an offer, {{terms}}")
    bare = re.sub(r"\{\w*\}", "", template.text)
    if figure := re.search(r"[\d{}]", bare):
        raise VoiceError(f"{where}: {figure[0]!r} outside a slot; figures come from tables")
    for voice in voices.values():
        if template.style in (ANY, voice.name) and (word := voice.guide(template.language).forbidden(bare)):
            raise VoiceError(f"{where}: voice {voice.name} never says {word!r}")


def _season(where: str, raw: dict[str, Any], language: str, voices: Mapping[str, Voice]) -> Season:
    refuse_unknown(where, raw, ("id", "name", "when", "categories", "style"), VoiceError)
    for key in ("id", "name", "when"):
        if not raw.get(key):
            raise VoiceError(f"{where} needs '{key}'")
    spans = tuple((str(span[0]), str(span[1])) if len(span) == 2 else ("", "") for span in raw["when"])
    for first, last in spans:
        if len(first) != len(last) or not re.fullmatch(r"(\d{4}-)?\d{2}-\d{2}", first):
            raise VoiceError(f'{where}: when is {raw["when"]}; spans are ["MM-DD", "MM-DD"] or two whole dates')
    if raw.get("style") and raw["style"] not in voices:
        raise VoiceError(f"{where}: no style '{raw['style']}'; there are {', '.join(voices)}")
    return Season(raw["id"], {language: raw["name"]}, spans, tuple(raw.get("categories", ())), raw.get("style", ""))
