"""What a chat model answered -> the texts in it, without reasoning, prefaces, numbering, quotation marks and notes.

Models are asked for one text a line and nothing else; this reads what they write instead.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cached_property

_REASONING = ("think", "thinking", "reasoning", "thought", "analysis")
_TAG = "|".join(_REASONING)
_REASONED = re.compile(rf"(?is)<({_TAG})>.*?</\1>|\[({_TAG})\].*?\[/\2\]")
_STILL_REASONING = re.compile(rf"(?is)[<\[]({_TAG})[>\]].*")  # cut off before it came to the point
_END_OF_REASONING = re.compile(rf"(?is).*[<\[]/({_TAG})[>\]]")  # if its opening tag is in the prompt
_FENCE = re.compile(r"^\s*```.*$", re.MULTILINE)
_CONTROL = re.compile(r"<\|[^|<>]*\|>|<(?:end_of_turn|start_of_turn|eos|bos|pad|/?s)>")
_MARK = re.compile(r"^(?:[-*•·‣–—]+\s+|#+\s*|\(?\d{1,2}\s*[.):、．）]\s*|[①-⑳]\s*|\*\*\d+[.)]?\*\*\s*)+")
_QUOTES = {'"': '"', "'": "'", "“": "”", "‘": "’", "「": "」", "『": "』", "«": "»", "„": "“", "`": "`", "”": "”"}
_ENDS_IN_COLON = re.compile(r"[:：]\s*$")
_HEAD = re.compile(r"^([^:：{}]{1,80})[:：]\s*(?=\S)")
_ASIDE = re.compile(r"^[(（\[].*[)）\]]$")


@dataclass(frozen=True)
class Chatter:
    """What models of a language say beside the texts, in lower case.

    prefaces: beginnings of lines that announce a text. labels: words for a text. notes: beginnings of other lines.
    "Here is a text: Warm wool" has a preface, a label and a text; "Here is a thought: warm wool" is a text.
    """

    prefaces: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @cached_property
    def heading(self) -> re.Pattern[str]:
        """Matches the words before a colon if they announce a text."""
        labels = "|".join(map(re.escape, sorted(self.labels, key=len, reverse=True))) or r"(?!)"
        prefaces = "|".join(map(re.escape, sorted(self.prefaces, key=len, reverse=True))) or r"(?!)"
        label = rf"(?<![a-z])(?:{labels})(?![a-z])"
        return re.compile(rf"(?i)^(?:(?:{prefaces}).*{label}|{label}[\s#]*\w{{0,3}}$)")

    def announces(self, words: str) -> bool:
        return self.heading.search(words) is not None


NO_CHATTER = Chatter()


def texts_of(
    answer: str, most: int, chatter: Chatter = NO_CHATTER, seen: Collection[str] = (), is_cut: bool = False
) -> list[str]:
    """At most `most` different texts of an answer, in its order; none of them is among `seen`.

    is_cut: the answer ended at its limit of tokens, so its last line is not whole and is dropped.
    """
    plain = _CONTROL.sub("", _END_OF_REASONING.sub("", _REASONED.sub("", answer)))
    plain = _STILL_REASONING.sub("", plain)
    lines = _FENCE.sub("", plain).splitlines()
    if is_cut and not plain.endswith("\n"):
        lines = lines[:-1]
    texts = dict.fromkeys(text for text in _from_lines(_listed(lines), chatter) if text not in seen)
    return list(texts)[:most]


def _listed(lines: list[str]) -> list[str]:
    """The strings of a JSON list, or of the only list or text in a JSON object; other lines as they are."""
    try:
        parsed = json.loads("\n".join(lines))
    except ValueError:
        return lines
    if isinstance(parsed, dict):
        parsed = next(iter(parsed.values()), None) if len(parsed) == 1 else list(parsed.values())
    parsed = [parsed] if isinstance(parsed, str) else parsed
    if isinstance(parsed, list) and all(isinstance(text, str) for text in parsed):
        return [" ".join(text.split()) for text in parsed]
    return lines


def _from_lines(lines: list[str], chatter: Chatter) -> Iterator[str]:
    for line in lines:
        text = _bare(line)
        head = _HEAD.search(text)
        if head and chatter.announces(head[1]):
            text = _bare(text[head.end() :])
        if text and not (_ENDS_IN_COLON.search(text) or _ASIDE.match(text) or text.lower().startswith(chatter.notes)):
            yield text


def _bare(line: str) -> str:
    """The line without its list mark, bold type and the quotation marks around it."""
    text = " ".join(line.split())
    while True:
        before = text
        text = _MARK.sub("", text).strip()
        if text.startswith("**") and text.endswith("**") and len(text) > 4:
            text = text[2:-2].strip()
        if len(text) > 1 and _QUOTES.get(text[0]) == text[-1] and text[0] not in text[1:-1]:
            text = text[1:-1].strip()
        text = text.rstrip(",") if text.endswith(('",', "”,")) else text
        if text == before:
            return text
