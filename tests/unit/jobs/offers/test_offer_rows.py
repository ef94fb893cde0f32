"""The columns of an offer's row."""

from __future__ import annotations

import pytest

from jobs.offers.offer_rows import reason_of
from schemas.campaigns.campaign import ITEM_KINDS
from schemas.tables.offers import OFFER_KINDS


@pytest.mark.parametrize("kind", OFFER_KINDS)
def test_every_kind_has_its_reason(kind: str) -> None:
    days = dict.fromkeys(("recency_days", "views", "view_days", "cart_days", "wish_days", "bought_days"), 3)
    reason = reason_of(kind, days | {"member_level": "gold", "price_drop": 0.12})
    assert reason
    assert "{" not in reason
    assert kind in ITEM_KINDS or "None" not in reason
