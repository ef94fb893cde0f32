"""What a catalogue's words are in its other language, learned from its texts: where 'beige' stands, 米色 stands.

A shop gives attributes in one language, titles and descriptions in two. A value's words in the other language are the
longest piece of text that (nearly) every item with the value has, and (nearly) no other. Title and description must
both have it: in titles alone 米色蓝牙 would teach that Bluetooth is 色蓝牙, as a colour comes before it each time.
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
    """(attribute, value) -> the same in the language of the texts; one that is not surely known is missing.

    values[i] are the attributes of the item with texts[i], its title and description; None where it has none. A value
    needs `least_items` items with texts; its word must be in `least_share` of these, and that share of its be theirs.
    """
    known = [at for at, those in enumerate(texts) if any(those)]
    pieces = {at: set.intersection(*(_pieces(text) for text in texts[at] if text)) for at in known}
    everywhere = Counter(piece for at in known for piece in pieces[at])
    items: dict[Value, list[int]] = defaultdict(list)
    for at in known:
        for value in values[at].items():
            items[value].append(at)
    found: dict[Value, str] = {}
    for value, those in sorted(items.items(), key=lambda pair: (-len(pair[1]), pair[0])):
        if len(those) < least_items:
            continue
        inside = Counter(piece for at in those for piece in pieces[at])
        sure = [piece for piece, n in inside.items()
                if n >= least_share * len(those) and n >= least_share * everywhere[piece]]  # fmt: skip
        others = [word for (name, _), word in found.items() if name != value[0]]
        alone = [piece for piece in sure if not any(word in piece for word in others)]
        if alone:
            found[value] = max(alone, key=lambda piece: (len(piece), piece))
    return found


def _pieces(text: str) -> set[str]:
    """Every run of 2 to `_LONGEST` characters between punctuation and spaces."""
    return {
        run[at : at + length]
        for run in _RUN.findall(text)
        for length in range(2, _LONGEST + 1)
        for at in range(len(run) - length + 1)
    }
