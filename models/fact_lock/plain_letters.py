"""Undoes disguises of words: look-alike and traditional letters, signs for letters, letters set apart."""

from __future__ import annotations

import re
from collections.abc import Mapping

_SIGNS = str.maketrans("$@013!|", "saoleil")
_SIGN_WITHIN = re.compile(r"(?<=[a-z])[$@013!|](?=[a-z])")
_SIGNED = re.compile(r"[a-z][$@013!|][a-z]")
# s i l k, s.i.l.k, b-l-a-c-k; 【黑】【色】, 黑*色
_APART = re.compile(
    r"(?<![a-z0-9'])[a-z](?:[ ._*/|-]{1,2}[a-z]){2,}(?![a-z0-9'])"
    r"|(?:[【\[(（「『《<][\u3400-\u9fff][】\])）」』》>]){2,}"
    r"|[\u3400-\u9fff](?:[*._/|·~+-][\u3400-\u9fff])+"
)
_LETTER = re.compile(r"[a-z\u3400-\u9fff]")


def plain_letters(folded: str, letters: Mapping[int, str]) -> str:
    """The text with each key of `letters`, and each sign between letters, replaced by the letter meant. Same length."""
    plain = folded.translate(letters)
    if _SIGNED.search(plain):
        plain = _SIGN_WITHIN.sub(lambda sign: sign[0].translate(_SIGNS), plain)
    return plain


def gaps_closed(folded: str) -> tuple[str, list[int]] | None:
    """The text with letters that are set apart joined, and the place of each of its characters in `folded`.

    None if no letters are set apart.
    """
    if not _APART.search(folded):
        return None
    dropped = bytearray(len(folded))
    for match in _APART.finditer(folded):
        for index in range(match.start(), match.end()):
            dropped[index] = not _LETTER.match(folded[index])
    places = [index for index in range(len(folded)) if not dropped[index]]
    return "".join(folded[index] for index in places), places
