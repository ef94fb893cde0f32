"""The wordings that lead to an answer: of topics, of policies, and of customers whose question an agent answered."""

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
# for more: "delivery" stands in three of them, and "abroad" says which is meant.
_GENERAL_FROM = 0.6
_COPIED_FROM = 0.6  # share of a reply's letter pairs that stand in the policy it quotes


class Wording(NamedTuple):
    """One way to ask: the pattern, the topic that answers it, and how many customers asked it so."""

    pattern: str
    topic: str
    language: str
    support: int = 0


def wordings_of_topics(wording: ServiceWording) -> list[Wording]:
    return [Wording(ask, name, wording.language) for name, topic in wording.topics.items() for ask in topic.ask]


def wordings_of_policy(policy: Row, wording: ServiceWording) -> list[Wording]:
    """Its heading, its first sentences, and how people ask for the general topic that its heading names."""
    topic = topic_of(policy["policy_id"])
    texts = [policy["title"] or "", *_SENTENCE.split(policy["text"])[:_SENTENCES]]
    texts += general_asks(policy["title"] or policy["text"][:60], wording)
    distinct = dict.fromkeys(text[:_LONGEST].strip() for text in texts)
    return [Wording(text, topic, policy["language"]) for text in distinct if re.search(r"\w", text)]


def general_asks(heading: str, wording: ServiceWording) -> tuple[str, ...]:
    """How people ask for what the heading names; () where it names no general topic."""
    topics = {name: set().union(*map(letter_pairs, asks)) for name, asks in wording.general.items()}
    topics_with = Counter(pair for pairs in topics.values() for pair in pairs)
    weights = {pair: log(1 + len(topics) / (1 + topics_with[pair])) for pair in letter_pairs(heading)}
    scores = {name: sum(weights[pair] for pair in pairs & weights.keys()) for name, pairs in topics.items()}
    best = max(scores, key=lambda name: scores[name], default=None)
    enough = _GENERAL_FROM * sum(weights.values())
    return wording.general[best] if best and scores[best] >= enough > 0 else ()


def wordings_of_replies(replies: Iterable[Row], policies: Mapping[str, Row]) -> list[Wording]:
    """Masked questions whose reply quotes a living policy, or names it; a suggestion thrown away teaches nothing."""
    counted: Counter[tuple[str, str]] = Counter()
    index = _Quoted(policies)
    for reply in replies:
        if reply["outcome"] == OUTCOMES[2] or not reply["question"] or (reply["rating"] or 3) < 3:
            continue
        name = reply["policy_id"] if reply["policy_id"] in policies else index.policy_of(reply["text"])
        if name:
            counted[reply["question"][:_LONGEST], name] += 1
    return [Wording(text, topic_of(name), policies[name]["language"], n) for (text, name), n in sorted(counted.items())]


class _Quoted:
    """Policies by the letter pairs of their texts."""

    def __init__(self, policies: Mapping[str, Row]) -> None:
        self._by_pair: defaultdict[str, list[str]] = defaultdict(list)
        for name, policy in policies.items():
            for pair in letter_pairs(policy["text"]):
                self._by_pair[pair].append(name)

    def policy_of(self, text: str) -> str | None:
        """The policy that holds most of the text; None where none holds enough of it."""
        pairs = letter_pairs(text)
        shared = Counter(name for pair in pairs for name in self._by_pair.get(pair, ()))
        best = shared.most_common(1)
        return best[0][0] if best and best[0][1] >= _COPIED_FROM * len(pairs) and len(pairs) > 10 else None


def letter_pairs(text: str) -> set[str]:
    folded = re.sub(r"\W+", " ", text.lower()).strip()
    return {folded[n : n + 2] for n in range(len(folded) - 1)}


def topic_of(policy_id: str) -> str:
    return POLICY + policy_id
