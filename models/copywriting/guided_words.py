"""What a text that is being written names: values of its item, each wanted once, and words that it may not say."""

from __future__ import annotations

import re
from collections.abc import Iterable

from models.copywriting.clause_sense import CONTRARY, against
from models.copywriting.guide_config import GuideConfig
from models.copywriting.prompts import Prompt
from models.copywriting.token_units import TokenUnits

TAIL = 40  # characters at the end of a text that are searched for the words that a token completes
DOUBLED = frozenset({"的的", "了了", "是是", "在在", "和和"})  # other characters may be doubled: 满满, 小小
LONGEST_ECHO = 6
WORDS = 3  # of the longest banned expression of a language with spaces
_LATIN_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")


class GuidedWords:
    """The values and banned words of one prompt. foreign: values of other items, in lower case."""

    def __init__(self, prompt: Prompt, foreign: Iterable[str], kinds: frozenset[str], config: GuideConfig) -> None:
        """kinds: values that say what kind of item it is; naming them again costs nothing."""
        self.config, self.spaced = config, prompt.language != "zh"
        self.values = tuple(dict.fromkeys(value.lower() for value in prompt.values))
        self.is_kind = [value in kinds for value in self.values]
        sides = [] if self.spaced else against(prompt.values)
        contrary = {word for side in sides for word in CONTRARY[side]}
        own_values = set(self.values)
        self.banned = {word for word in (*prompt.banned, *foreign, *contrary) if word and word not in own_values}
        self.lengths = sorted({len(word) for word in self.banned})

    def naming(self, units: TokenUnits) -> dict[int, tuple[tuple[int, str], ...]]:
        """Token -> pairs: (place of a value that it can complete, text that must stand right before the token)."""
        completions: dict[int, list[tuple[int, str]]] = {}
        for place, value in enumerate(self.values):
            for token, before in units.completing(value):
                completions.setdefault(token, []).append((place, before))
        return {token: tuple(values) for token, values in completions.items()}

    def gain(self, text: str, completed: Iterable[int]) -> float:
        """Points for a text whose last token completed these values, by their places."""
        points = 0.0
        for place in completed:
            times = text.count(self.values[place]) - 1
            if times <= 0:
                points += self.config.value_gain
            elif not self.is_kind[place]:
                points -= self.config.value_repeat_cost * times
        return points

    def may_say(self, before: str, piece: str) -> bool:
        """False if the piece completes a banned word that is not part of a value of the item, or an echo in Chinese."""
        tail = (before[-TAIL:] + piece).lower()
        if not self.spaced and any(_echoes(tail[:end]) for end in range(len(tail) - len(piece) + 1, len(tail) + 1)):
            return False
        return self._words_allowed(tail) if self.spaced else self._characters_allowed(tail, len(piece))

    def _characters_allowed(self, tail: str, new_characters: int) -> bool:
        for end in range(len(tail) - new_characters + 1, len(tail) + 1):
            for length in self.lengths:
                if length > end:
                    break
                word = tail[end - length : end]
                if word in self.banned and not self._inside_a_value(tail[:end], word):
                    return False
        return True

    def _words_allowed(self, tail: str) -> bool:
        words = _LATIN_WORD.findall(tail.replace("-", " "))[-WORDS:]
        for count in range(1, len(words) + 1):
            phrase = " ".join(words[-count:])
            forms = (phrase, phrase.removesuffix("s"), phrase.removesuffix("es"))
            if any(form in self.banned for form in forms) and not self._inside_a_value(tail, phrase):
                return False
        return True

    def _inside_a_value(self, text: str, word: str) -> bool:
        """Whether the word at the end of a text is part of a value of the item there."""
        return any(word in value and text.endswith(value[: value.index(word) + len(word)]) for value in self.values)


def _echoes(text: str) -> bool:
    """Whether the end of a Chinese text repeats what stands right before it: 设计设计, 同时的同时, 的的."""
    if text[-2:] in DOUBLED or (len(text) >= 5 and text[-2:] == text[-5:-3]):
        return True
    return any(len(text) >= 2 * size and text[-size:] == text[-2 * size : -size] for size in range(2, LONGEST_ECHO + 1))
