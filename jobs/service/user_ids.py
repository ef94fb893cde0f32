"""The ids of accounts as the lake has them: hashed in questions too, where the mapping hashes the ids in events."""

from __future__ import annotations

import hashlib
import hmac
import os

from jobs.runtime.night import Night

_KEY_VARIABLE = "NIGHTMARKET_HMAC_KEY"  # the intake of events hashes with the same key


def lake_id(night: Night, user_id: str | None) -> str | None:
    """The account's id in the lake; None without one, or where it would have to be hashed and there is no key."""
    if user_id is None or "user_id" not in night.source.events.hashed:
        return user_id
    key = os.environ.get(_KEY_VARIABLE, "")
    return hmac.new(key.encode(), user_id.strip().encode(), hashlib.sha256).hexdigest() if key else None
