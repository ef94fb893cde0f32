"""Masks personal data in a rejected row, such as an e-mail address in a column that should not hold one.

Columns that the mapping calls personal were masked when the row entered the lake. This masks personal data elsewhere.
"""

from __future__ import annotations

from models.compliance.refusal_patterns import PERSONAL

_MASK = "•••"


def masked(text: str) -> str:
    """The text with e-mail addresses, telephone numbers and the like replaced, in lower and upper case."""
    folded = text.lower()
    if len(folded) != len(text):  # lower case made a letter longer: positions would not fit
        text = folded
    parts, start = [], 0
    for match in PERSONAL.finditer(folded):
        parts += [text[start : match.start()], _MASK]
        start = match.end()
    return "".join([*parts, text[start:]])
