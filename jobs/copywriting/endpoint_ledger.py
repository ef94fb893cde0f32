"""What a night's requests cost (tokens, money, tries, failures), and whether the budget allows another request."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass
from typing import Any

from jobs.copywriting.endpoint_config import EndpointConfig

_FRAME = 256  # tokens; a chat template adds fewer to a message


@dataclass(frozen=True)
class Usage:
    """Tokens of a request: read and written."""

    read: int = 0
    written: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(self.read + other.read, self.written + other.written)

    @property
    def tokens(self) -> int:
        return self.read + self.written


class Ledger:
    """Counts requests. A request is sent only where the night's budget covers the most that it can cost.

    Methods may be called from several threads.
    """

    def __init__(self, config: EndpointConfig, paid_before: Usage = Usage()) -> None:
        """paid_before: what earlier runs of the same night have used."""
        self.config, self.paid_before = config, paid_before
        self.used, self._open = Usage(), Usage()
        self.requests = self.answers = self.cached = self.uncounted = 0
        self.retries: Counter[str] = Counter()
        self.failures: Counter[str] = Counter()
        self._lock = threading.Lock()

    def most(self, message: str) -> Usage:
        """The most that one try may use: no text has more tokens than bytes."""
        return Usage(len(message.encode()) + _FRAME, self.config.answer_tokens)

    def cost(self, usage: Usage) -> float:
        return (usage.read * self.config.price_read + usage.written * self.config.price_written) / 1e6

    def let_out(self, most: Usage) -> bool:
        """Whether the budget allows a try that uses `most`. If so, the try counts as open until it is settled."""
        with self._lock:
            total = self.paid_before + self.used + self._open + most
            if total.tokens > self.config.most_tokens:
                return False
            if self.config.most_cost is not None and self.cost(total) > self.config.most_cost:
                return False
            self._open += most
            self.requests += 1
            return True

    def settle(self, most: Usage, usage: Usage | None) -> None:
        """Ends a try. usage: what it used; None where that is not known, and `most` is counted."""
        with self._lock:
            self._open = Usage(self._open.read - most.read, self._open.written - most.written)
            self.used += most if usage is None else usage
            self.uncounted += usage is None

    def retry(self, kind: str) -> None:
        with self._lock:
            self.retries[kind] += 1

    def facts(self) -> dict[str, Any]:
        """The counts for the job's report."""
        return {
            "requests": self.requests,
            "answers": self.answers,
            "answers_of_earlier_runs": self.cached,
            "tokens_read": self.used.read,
            "tokens_written": self.used.written,
            "tokens_of_earlier_runs": self.paid_before.tokens,
            "cost": round(self.cost(self.used), 6),
            "cost_of_earlier_runs": round(self.cost(self.paid_before), 6),
            "currency": self.config.currency,
            "taken_at_most": self.uncounted,
            "retries": dict(sorted(self.retries.items())),
            "failures": dict(sorted(self.failures.items())),
        }
