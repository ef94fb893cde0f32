"""What a chat model is asked, and how its answer is read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from models.instruct.answers import NO_CHATTER, Chatter, texts_of


class ChatText(NamedTuple):
    """One text of an answer."""

    text: str


@dataclass(frozen=True)
class ChatPrompt:
    """A message that asks for `count` texts, one a line. It is sent as the user's only message: not every chat template
    knows a system's.

    attributes: (name, value) of the item, as the message has them. shown: texts of the message that are no answers.
    """

    message: str
    count: int
    attributes: tuple[tuple[str, str], ...] = ()
    chatter: Chatter = NO_CHATTER
    shown: frozenset[str] = frozenset()

    @property
    def values(self) -> tuple[str, ...]:
        """The attributes' values, each once, in their order."""
        return tuple(dict.fromkeys(value for _, value in self.attributes))

    def texts(self, answers: Sequence[tuple[str, bool]], most: int) -> list[ChatText]:
        """At most `most` different texts of `answers`: (answer, whether it was cut off at its limit of tokens)."""
        texts: dict[str, None] = {}
        for answer, is_cut in answers:
            texts |= dict.fromkeys(texts_of(answer, self.count, self.chatter, self.shown, is_cut))
        return [ChatText(text) for text in list(texts)[:most]]
