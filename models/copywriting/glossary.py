"""Learns a catalogue's glossary from its texts: what a value, such as 'beige', is in the other language (米色).

A shop gives attributes in one language, titles and descriptions in two. The translation of a value is the longest piece
of text that (nearly) every item with the value has, and (nearly) no other item. Title and description must both have
it: from titles alone, such as 米色蓝牙, it would learn that Bluetooth is 色蓝牙, as a colour always precedes it.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

Value = tuple[str, str]  # (attribute, its value)
_RUN = re.compile(r"[^\W_]+")
_LONGEST = 8  # characters of a piece


def learn(
    values: Sequence[Mapping[str, str]],
    texts: Sequence[Sequence[str | None]],
    least_items: int = 5,
    least_share: float = 0.95,
) -> dict[Value, str]:
    """(attribute, value) -> its translation into the language of the texts; uncertain values are left out.

    values[i] are the attributes of item i, texts[i] its title and description; None where it has none. A value needs
    `least_items` items with texts. At least `least_share` of these must have the translation, and at least
    that share of all items with the translation must have the value.
    """
    with_text = [item for item, item_texts in enumerate(texts) if any(item_texts)]
    pieces = {item: set.intersection(*(_pieces(text) for text in texts[item] if text)) for item in with_text}
    items_with_piece = Counter(piece for item in with_text for piece in pieces[item])
    items_with_value: dict[Value, list[int]] = defaultdict(list)
    for item in with_text:
        for value in values[item].items():
            items_with_value[value].append(item)
    glossary: dict[Value, str] = {}
    for value, items in sorted(items_with_value.items(), key=lambda pair: (-len(pair[1]), pair[0])):
        if len(items) < least_items:
            continue
        counts = Counter(piece for item in items for piece in pieces[item])
        sure = [
            piece
            for piece, count in counts.items()
            if count >= least_share * len(items) and count >= least_share * items_with_piece[piece]
        ]
        others = [word for (attribute, _), word in glossary.items() if attribute != value[0]]
        candidates = [piece for piece in sure if not any(word in piece for word in others)]
        if candidates:
            glossary[value] = max(candidates, key=lambda piece: (len(piece), piece))
    return glossary


def _pieces(text: str) -> set[str]:
    """Every run of 2 to `_LONGEST` characters between punctuation and spaces."""
    return {
        run[start : start + length]
        for run in _RUN.findall(text)
        for length in range(2, _LONGEST + 1)
        for start in range(len(run) - length + 1)
    }
