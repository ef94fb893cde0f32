"""Figures in a language's own wording: sums of money, days, shares off, the terms of an offer."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Protocol

SIGNS = {"CNY": "¥", "USD": "$", "GBP": "£", "EUR": "€", "INR": "₹", "JPY": "¥"}


class Wording(Protocol):
    """How a language words figures, such as a `schemas.copywriting.language.Language`.

    months: twelve names; day: with {day} and {month}; money: currency -> wording with {sign} and {figure}, `any` for
    the others; terms: the wordings discount, share, share_from, amount and amount_from, with {percent} off, {tenths}
    that are paid (8.5 for 15 % off), {amount} off and the {least} to spend.
    """

    @property
    def thousands(self) -> str: ...
    @property
    def decimal(self) -> str: ...
    @property
    def months(self) -> tuple[str, ...]: ...
    @property
    def day(self) -> str: ...
    @property
    def money(self) -> Mapping[str, str]: ...
    @property
    def terms(self) -> Mapping[str, str]: ...


def money(value: float, currency: str | None, wording: Wording) -> str:
    """1234.5 EUR -> "€1,234.50" or "1.234,50 €"; whole sums without decimals.

    A currency that has no sign here is written as its code; None as the bare figure.
    """
    plain = f"{value:,.2f}".removesuffix(".00")
    whole, _, cents = plain.partition(".")
    figure = whole.replace(",", wording.thousands) + (wording.decimal + cents if cents else "")
    if currency in wording.money or currency in SIGNS:
        how = wording.money.get(currency or "", wording.money["any"])
        return how.format(sign=SIGNS.get(currency or "", currency), figure=figure)
    return f"{figure} {currency}" if currency else figure


def day_of(day: date, wording: Wording) -> str:
    """ "September 30", "30. September", "9月30日"."""
    return wording.day.format(day=day.day, month=wording.months[day.month - 1])


def share_off(share: float, wording: Wording, how: str = "discount", least: str = "") -> str | None:
    """0.2 -> "20% off" or "8折"; None if whole hundredths do not say it. how: which of the wording's terms."""
    hundredths = round(share * 100)
    if abs(share * 100 - hundredths) > 0.05 or not 0 < hundredths < 100:
        return None
    tenths = f"{(100 - hundredths) / 10:g}"
    return wording.terms[how].format(percent=hundredths, tenths=tenths, least=least)


def terms_of(
    share: float | None, amount: float | None, least: float | None, currency: str | None, wording: Wording
) -> str | None:
    """ "20% off orders over ¥100", "满¥100享8折"; None without a discount, or for a share that hundredths cannot say.

    share: 0.2 is a fifth off; amount off and the least to spend are in `currency`.
    """
    spend = money(least, currency, wording) if least else ""
    if share is not None:
        return share_off(share, wording, "share_from" if spend else "share", spend)
    if not amount:
        return None
    how = "amount_from" if spend else "amount"
    return wording.terms[how].format(amount=money(amount, currency, wording), least=spend)
