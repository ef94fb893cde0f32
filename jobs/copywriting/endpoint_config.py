"""Settings of the endpoint that writes drafts."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from models.core.config import check_bounds

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_EXAMPLE = '{"top_p": 0.9}'  # of `more`
# The settings that change what the model answers.
_ANSWERING = ("temperature", "more")


@dataclass(frozen=True)
class EndpointConfig:
    """An OpenAI-compatible endpoint: where it is, how often and how long it is tried, and what a night may cost."""

    base_url: str = field(default="", metadata={"doc": "up to /v1, such as http://localhost:8000/v1"})
    key_variable: str = field(
        default="", metadata={"doc": "NAME of the environment variable that holds the key; empty: none is sent"}
    )
    at_once: int = field(default=8, metadata={"doc": "requests that are open at the same time", "least": 1})
    try_seconds: float = field(default=120.0, metadata={"doc": "how long one try may take", "above": 0})
    retries: int = field(default=4, metadata={"doc": "further tries of a request that may succeed later", "least": 0})
    first_wait: float = field(
        default=1.0, metadata={"doc": "seconds before the second try; doubled for each further one", "least": 0}
    )
    most_wait: float = field(
        default=60.0,
        metadata={"doc": "longest wait in seconds; a server that asks for more is not asked again", "least": 0},
    )
    most_minutes: float = field(default=120.0, metadata={"doc": "minutes of a night; then templates write", "above": 0})
    failures_in_a_row: int = field(
        default=8, metadata={"doc": "failed requests in a row after which no more is asked that night", "least": 1}
    )
    answer_tokens: int = field(
        default=600, metadata={"doc": "tokens of one answer at most, those of its reasoning among them", "least": 1}
    )
    temperature: float = field(default=0.8, metadata={"least": 0})
    most_tokens: int = field(
        default=20_000_000, metadata={"doc": "tokens of a night at most, read and written", "least": 1}
    )
    most_cost: float | None = field(
        default=None, metadata={"doc": "money of a night at most, in the currency of the prices", "least": 0}
    )
    price_read: float = field(default=0.0, metadata={"doc": "price of a million tokens read", "least": 0})
    price_written: float = field(default=0.0, metadata={"doc": "price of a million tokens written", "least": 0})
    currency: str = field(default="USD", metadata={"doc": "of the prices; it is only named"})
    more: str = field(
        default="",
        metadata={"doc": "JSON object of more fields for each request; null takes a field out. Vendors differ"},
    )

    def __post_init__(self) -> None:
        check_bounds(self)
        parts = urlsplit(self.base_url)
        if self.base_url and (parts.scheme not in ("http", "https") or not parts.hostname):
            raise ValueError(
                "base_url must begin with http:// or https:// and a host, such as http://localhost:8000/v1"
            )
        if "@" in parts.netloc or parts.query:  # not shown: it may hold a key
            raise ValueError("base_url has a user or a query; a key belongs in the variable that key_variable names")
        if self.key_variable and not _NAME.fullmatch(self.key_variable):  # not shown either
            raise ValueError("key_variable must be the NAME of an environment variable, such as COPY_KEY, not the key")
        if self.most_cost is not None and not (self.price_read or self.price_written):
            raise ValueError(
                f"most_cost is {self.most_cost}, but price_read and price_written are 0, so that nothing ever costs "
                "anything; set them to the endpoint's prices, or leave most_cost out"
            )
        self.fields()

    @property
    def url(self) -> str:
        return self.base_url.rstrip("/") + "/chat/completions"

    def fields(self) -> dict[str, Any]:
        """The fields of `more`. Raises ValueError where it is no JSON object."""
        try:
            fields = json.loads(self.more) if self.more.strip() else {}
        except ValueError as error:
            raise ValueError(f"more is not JSON: {error}; write an object, such as {_EXAMPLE}") from None
        if not isinstance(fields, dict):
            raise ValueError(f"more must be a JSON object, such as {_EXAMPLE}, not {self.more[:40]!r}")
        return fields

    def body(self, model: str, message: str, seed: int) -> dict[str, Any]:
        """The body of one request. It holds only the message: no user, no night, no name of the shop."""
        body = {
            "model": model,
            "messages": [{"role": "user", "content": message}],
            "max_tokens": self.answer_tokens,
            "temperature": self.temperature,
            "seed": seed,
        }
        return {name: value for name, value in (body | self.fields()).items() if value is not None}

    def digest(self) -> str:
        """A digest that changes when a setting changes the answers."""
        return hashlib.sha256(repr([getattr(self, name) for name in _ANSWERING]).encode()).hexdigest()[:6]
