"""Writes figures as a language words them: sums of money, days, discounts, the terms of an offer."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Protocol

SIGNS = {"CNY": "¥", "USD": "$", "GBP": "£", "EUR": "€", "INR": "₹", "JPY": "¥"}


class Wording(Protocol):
    """How a language words figures, such as a `schemas.copywriting.language.Language`.

    months: twelve names. day: a template with {day} and {month}. money: currency -> template with {sign} and {figure};
    the key `any` serves all other currencies. terms: the templates discount, share, share_from, amount and amount_from.
    They hold {percent} (off), {tenths} (of the price to pay: 8.5 for 15 % off), {amount} (off) and {least} (to spend).
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
    """1234.5 EUR -> "€1,234.50" or "1.234,50 €"; a sum without cents has no decimals.

    A currency without a sign in SIGNS is written as its code. If the currency is None, only the figure is written.
    """
    digits = f"{value:,.2f}".removesuffix(".00")
    units, _, cents = digits.partition(".")
    figure = units.replace(",", wording.thousands) + (wording.decimal + cents if cents else "")
    if currency in wording.money or currency in SIGNS:
        template = wording.money.get(currency or "", wording.money["any"])
        return template.format(sign=SIGNS.get(currency or "", currency), figure=figure)
    return f"{figure} {currency}" if currency else figure


def day_of(day: date, wording: Wording) -> str:
    """ "September 30", "30. September", "9月30日"."""
    return wording.day.format(day=day.day, month=wording.months[day.month - 1])


def share_off(share: float, wording: Wording, term: str = "discount", least: str = "") -> str | None:
    """0.2 -> "20% off" or "8折"; None if the share is no whole percentage. term: the key in `wording.terms`."""
    percent = round(share * 100)
    if abs(share * 100 - percent) > 0.05 or not 0 < percent < 100:
        return None
    tenths = f"{(100 - percent) / 10:g}"
    return wording.terms[term].format(percent=percent, tenths=tenths, least=least)


def terms_of(
    share: float | None, amount: float | None, least: float | None, currency: str | None, wording: Wording
) -> str | None:
    """ "20% off orders over ¥100", "满¥100享8折"; None without a discount, or if the share is no whole percentage.

    share: 0.2 means 20 % off. amount: the sum off. least: the least to spend. Both sums are in `currency`.
    """
    spend = money(least, currency, wording) if least else ""
    if share is not None:
        return share_off(share, wording, "share_from" if spend else "share", spend)
    if not amount:
        return None
    term = "amount_from" if spend else "amount"
    return wording.terms[term].format(amount=money(amount, currency, wording), least=spend)
