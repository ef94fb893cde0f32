"""Masks what is personal in a rejected row, such as an e-mail address that stands in a column of another name.

What the mapping calls personal was masked when the row entered the lake; this is for what no mapping foresaw.
"""

from __future__ import annotations

from models.compliance.refusal_patterns import PERSONAL

_MASK = "•••"


def masked(text: str) -> str:
    """The text with e-mail addresses, telephone numbers and the like replaced, in lower and upper case."""
    folded = text.lower()
    if len(folded) != len(text):  # a letter that lower case makes longer: positions would not fit
        text = folded
    parts, at = [], 0
    for found in PERSONAL.finditer(folded):
        parts += [text[at : found.start()], _MASK]
        at = found.end()
    return "".join([*parts, text[at:]])
