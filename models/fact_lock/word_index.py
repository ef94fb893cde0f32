"""Finds which of many words stand in a text, by looking at each place only for the words that begin there."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable

from models.text.numerals import with_digits

_LETTER, _DIGIT = re.compile("[a-z]"), re.compile("[0-9]")
_BEGINNING = 2  # letters that words are looked up by
# A word right after one of these is denied: 不可机洗.
_DENIED = (
    "不", "不可", "不能", "不支持", "不宜", "不得", "无法", "非", "勿", "禁止",
    "not ", "never ", "no ", "away from ", "reach of ", "not for ",
)  # fmt: skip


class WordIndex:
    """Many folded words, also with their numbers in digits.

    A text has a word where the word is no part of a longer Latin word or number, and not denied.
    """

    def __init__(self, words: Iterable[str]) -> None:
        self._words = {form: word for word in words for form in (with_digits(word), word)}
        self._by_beginning: dict[str, list[str]] = defaultdict(list)
        for form in self._words:
            self._by_beginning[form[:_BEGINNING]].append(form)
        self._has_letters = any(len(beginning) < _BEGINNING for beginning in self._by_beginning)

    def words_in(self, folded: str) -> set[str]:
        """The words that the text has."""
        words: set[str] = set()
        for start in range(len(folded)):
            forms = self._by_beginning.get(folded[start : start + _BEGINNING], [])
            if self._has_letters:
                forms = [*forms, *self._by_beginning.get(folded[start], ())]
            words.update(
                self._words[form]
                for form in forms
                if folded.startswith(form, start)
                and stands_alone(folded, start, form)
                and not folded.endswith(_DENIED, 0, start)
            )
        return words


def is_only_denied(word: str, texts: Iterable[str]) -> bool:
    """Whether the texts have the word, and deny it wherever they have it: 防水 of 不防水."""
    places = [
        (text, start.start())
        for text in texts
        for start in re.finditer(re.escape(word), text)
        if stands_alone(text, start.start(), word)
    ]
    return bool(places) and all(text.endswith(_DENIED, 0, start) for text, start in places)


def stands_alone(folded: str, start: int, word: str) -> bool:
    """Whether the word at this place of the text is no part of a longer Latin word or number."""
    end = start + len(word)
    return not _go_on(folded[start - 1 : start], word[:1]) and not _go_on(word[-1:], folded[end : end + 1])


def _go_on(sign: str, next_sign: str) -> bool:
    """Whether two neighbouring characters belong to one Latin word or one number."""
    return any(kind.match(sign) and kind.match(next_sign) for kind in (_LETTER, _DIGIT))
