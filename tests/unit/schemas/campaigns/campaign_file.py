"""A small campaign file, for tests of campaigns and of offers: a coupon for lapsed accounts, one for full carts."""

from __future__ import annotations

import copy
import tomllib
from typing import Any

GOLD = {"member_level": ["gold"]}  # the condition of `back_with`
BACK = """
[[campaign]]
id = "back"
kind = "win_back"
budget = "main"
discount_amount = 10
minimum_spend = 100
valid_days = 3
again_after_days = 5
assumed_lift = 1.0
[[campaign.example]]
that = "a lapsed gold member gets it"
facts = { stage = "lapsed", member_level = "gold" }
gets = true
[[campaign.example]]
that = "a new user does not"
facts = { stage = "new" }
gets = false
"""
CART = """
[[campaign]]
id = "cart"
kind = "abandoned_cart"
budget = "main"
discount_share = 0.1
max_discount = 20
valid_days = 2
again_after_days = 5
assumed_lift = 1.0
[[campaign.example]]
that = "in the cart since yesterday"
facts = { cart_days = 1 }
gets = true
[[campaign.example]]
that = "never put into the cart"
facts = { stage = "active" }
gets = false
"""


def campaign_file(
    *campaigns: str, amount: float = 1000, days: int = 7, learns: bool = False, currency: str = "EUR"
) -> str:
    """TOML with the budget line 'main' and these campaigns, BACK and CART by default."""
    head = f"""
name = "shop"
currency = "{currency}"
[budget.main]
amount = {amount}
days = {days}
learns = {str(learns).lower()}
"""
    return head + "".join(campaigns or (BACK, CART))


def back_with(**changes: Any) -> dict[str, Any]:
    """The file with only BACK, for gold members, with some of its keys changed; None removes a key."""
    raw = tomllib.loads(campaign_file(BACK, amount=100))
    campaign = raw["campaign"][0] | {"who": GOLD} | changes
    raw["campaign"] = [{key: value for key, value in campaign.items() if value is not None}]
    return raw


def back_beside(**changes: Any) -> dict[str, Any]:
    """The file with a second campaign that equals BACK except for its id and the changes."""
    raw = back_with()
    raw["campaign"].append(copy.deepcopy(raw["campaign"][0]) | {"id": "other"} | changes)
    return raw
