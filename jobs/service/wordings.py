"""The wordings that lead to an answer: from topics, policies, and customers' questions that agents answered."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from math import log
from typing import NamedTuple

from jobs.service.service_files import Row
from schemas.service.wording import ServiceWording
from schemas.tables.service import OUTCOMES

POLICY = "policy:"  # before a policy's id in a topic
_SENTENCE = re.compile(r"(?<=[.!?。！？；;])\s*")
_LONGEST, _SENTENCES = 200, 6
# Share of a heading's letter pairs that one general topic must have in its wordings. A pair that few topics have counts
# for more: three topics contain "delivery", and "abroad" shows which of them is meant.
_GENERAL_FROM = 0.6
_POOR_BELOW = 3  # stars: an answer that a customer liked less is no example
_COPIED_FROM = 0.6  # a policy is quoted if it contains this share of the reply's letter pairs


class Wording(NamedTuple):
    """One way to ask: the pattern, the topic that answers it, and how many customers used this wording."""

    pattern: str
    topic: str
    language: str
    support: int = 0


def wordings_of_topics(wording: ServiceWording) -> list[Wording]:
    return [Wording(ask, name, wording.language) for name, topic in wording.topics.items() for ask in topic.ask]


def wordings_of_policy(policy: Row, wording: ServiceWording) -> list[Wording]:
    """The policy's heading, its first sentences, and usual questions about the general topic that its heading names."""
    topic = topic_of(policy["policy_id"])
    texts = [policy["title"] or "", *_SENTENCE.split(policy["text"])[:_SENTENCES]]
    texts += general_asks(policy["title"] or policy["text"][:60], wording)
    distinct = dict.fromkeys(text[:_LONGEST].strip() for text in texts)
    return [Wording(text, topic, policy["language"]) for text in distinct if re.search(r"\w", text)]


def general_asks(heading: str, wording: ServiceWording) -> tuple[str, ...]:
    """The usual questions about the general topic that the heading names; () where it names none."""
    topics = {name: set().union(*map(letter_pairs, asks)) for name, asks in wording.general.items()}
    topics_with = Counter(pair for pairs in topics.values() for pair in pairs)
    weights = {pair: log(1 + len(topics) / (1 + topics_with[pair])) for pair in letter_pairs(heading)}
    scores = {name: sum(weights[pair] for pair in pairs & weights.keys()) for name, pairs in topics.items()}
    best = max(scores, key=lambda name: scores[name], default=None)
    enough = _GENERAL_FROM * sum(weights.values())
    return wording.general[best] if best and scores[best] >= enough > 0 else ()


def wordings_of_replies(replies: Iterable[Row], policies: Mapping[str, Row]) -> list[Wording]:
    """Masked questions whose reply quotes or names a current policy; not of thrown-away suggestions or low ratings."""
    counted: Counter[tuple[str, str]] = Counter()
    index = _Quoted(policies)
    for reply in replies:
        is_poor = reply["rating"] is not None and reply["rating"] < _POOR_BELOW
        if reply["outcome"] == OUTCOMES[2] or not reply["question"] or is_poor:
            continue
        name = reply["policy_id"] if reply["policy_id"] in policies else index.policy_of(reply["text"])
        if name:
            counted[reply["question"][:_LONGEST], name] += 1
    return [
        Wording(text, topic_of(name), policies[name]["language"], count)
        for (text, name), count in sorted(counted.items())
    ]


class _Quoted:
    """Policies by the letter pairs of their texts."""

    def __init__(self, policies: Mapping[str, Row]) -> None:
        self._by_pair: defaultdict[str, list[str]] = defaultdict(list)
        for name, policy in policies.items():
            for pair in letter_pairs(policy["text"]):
                self._by_pair[pair].append(name)

    def policy_of(self, text: str) -> str | None:
        """The policy that contains most of the text; None where no policy contains enough of it."""
        pairs = letter_pairs(text)
        shared = Counter(name for pair in pairs for name in self._by_pair.get(pair, ()))
        best = shared.most_common(1)
        return best[0][0] if best and best[0][1] >= _COPIED_FROM * len(pairs) and len(pairs) > 10 else None


def letter_pairs(text: str) -> set[str]:
    folded = re.sub(r"\W+", " ", text.lower()).strip()
    return {folded[start : start + 2] for start in range(len(folded) - 1)}


def topic_of(policy_id: str) -> str:
    return POLICY + policy_id
