"""Where a text speaks of what is worn, eaten or used with the item, and not of the item itself."""

from __future__ import annotations

import re

from models.fact_lock.facts import ItemFacts
from models.fact_lock.vocabulary import Vocabulary
from models.text.languages import UNSPACED
from models.text.numerals import fold


def partner_spans(folded: str, facts: ItemFacts, vocabulary: Vocabulary) -> list[tuple[int, int]]:
    """The places, by the rules of every language; none for an item of which the row does not say what it is."""
    if facts not in vocabulary.own_things:
        vocabulary.own_things[facts] = _own_things(facts, vocabulary)
    own_names = vocabulary.own_things[facts]
    if own_names is None:
        return []
    return [span for rule_set in vocabulary.rules for span in rule_set.partner_spans(folded, own_names)]


def _own_things(facts: ItemFacts, vocabulary: Vocabulary) -> re.Pattern[str] | None:
    """Matches the names of the item, one or many of it: its kinds and the nouns in its titles; None without any."""
    title_nouns = [
        noun for rule_set in vocabulary.rules for title in facts.titles for noun in rule_set.things_in(fold(title))
    ]
    one_of = (name.removesuffix("s") for name in (*facts.kinds, *title_nouns) if len(name) > 3 and name[-2:] != "ss")
    names = sorted({*facts.kinds, *title_nouns, *one_of}, key=len, reverse=True)
    # A Latin name is a whole word: a lipstick is no name of a lip balm.
    whole = [
        re.escape(name) if UNSPACED.search(name) else rf"(?<![a-z]){re.escape(name)}(?:e?s)?(?![a-z])" for name in names
    ]
    return re.compile("|".join(whole)) if names else None
