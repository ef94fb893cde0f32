"""Everything that can propose an item for a list, and what the storefront tells a shopper about it.

This is the one table of their names: the values of recommendations.source are these, and a source that is missing here
cannot be published. `models.ranking` holds the same names without the words; a test compares the two.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

Ending = Literal["", "title", "segment", "maker"]
# The reason if it should end with a title, but the user's history names no item.
WITHOUT_TITLE = "for you"


class ListSource(NamedTuple):
    """words: what recommendations.reason says. ends_with: what is added to the words: the title of an item in the
    user's history, the name of the user's segment, or the item's brand or category."""

    words: str
    ends_with: Ending = ""


# In the order in which the README of the tables lists them.
LIST_SOURCES: dict[str, ListSource] = {
    "als": ListSource("because you chose ", "title"),
    "buy_again": ListSource("you bought it before"),
    "own": ListSource("you looked at it lately"),
    "covisitation": ListSource("goes with ", "title"),
    "item_item": ListSource("others who chose it also chose ", "title"),
    "item_item_bm25": ListSource("others who chose it also chose ", "title"),
    "content": ListSource("like ", "title"),
    "lstm": ListSource("what many look at next after ", "title"),
    "user_user": ListSource("people with your taste choose it"),
    "new_item": ListSource("new", "maker"),
    "popularity": ListSource("popular with everybody"),
    "segment_popular": ListSource("popular in ", "segment"),
    "trending": ListSource("trending now"),
    "popular": ListSource("popular with everybody"),
}
FALLBACK_SOURCES = ("segment_popular", "trending", "popular")  # of the fallback levels 1, 2, 3


def reason(source: str, title: str | None, segment: str, maker: str) -> str:
    """Why an item is in a list, as recommendations.reason tells it: 'because you chose TEA SET', 'trending now'.

    title: title of the nearest item in the user's history; None if there is none. maker: ' from BRAND', ' in CATEGORY'
    or ''. Raises ValueError for a source without words here.
    """
    if source not in LIST_SOURCES:
        raise ValueError(f"source {source!r} has no words to tell a shopper; add it to schemas/list_sources.py")
    words, ends_with = LIST_SOURCES[source]
    if ends_with == "title":
        return WITHOUT_TITLE if title is None else words + title
    return words + {"": "", "segment": segment, "maker": maker}[ends_with]
