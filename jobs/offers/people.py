"""Which accounts belong to one person, and which people are held out from all offers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.offers.config import OffersConfig
from jobs.runtime.night import Night
from models.experiments.assignment import assign
from models.offers.same_person import first_accounts
from schemas.tables import USERS
from schemas.tables.profiles import USER_PROFILES

OFFER, HELD_OUT = "offer", "held_out"  # the arms of the comparison
_CONTACTS = ("email", "phone")  # hashes; accounts that share one belong to one person


@dataclass(frozen=True)
class People:
    """Accounts that share an e-mail or phone with another, and the hold-out. All accounts of a person are in one arm.

    first_account: account -> the lowest account id of its person. second_accounts: accounts that get no offers, since
    another account of the same person gets them. Neither has accounts that share nothing.
    """

    first_account: Mapping[str, str]
    second_accounts: frozenset[str]
    hold_out: float
    salt: str

    @classmethod
    def of(cls, night: Night, config: OffersConfig) -> People:
        pairs = accounts_of_one_person(night.read(USERS), night.read(USER_PROFILES))
        return cls.from_pairs(pairs.toArrow().to_pylist(), config)

    @classmethod
    def from_pairs(cls, pairs: Sequence[Mapping[str, Any]], config: OffersConfig) -> People:
        """From rows of `accounts_of_one_person`.

        One account of a person gets offers: the account with the most purchase days, then the one with the lowest id.
        """
        ids = sorted({row["first"] for row in pairs} | {row["user_id"] for row in pairs})
        account_code = {account: number for number, account in enumerate(ids)}
        first_code = first_accounts(
            np.array([account_code[row["first"]] for row in pairs], np.int64),
            np.array([account_code[row["user_id"]] for row in pairs], np.int64),
            len(ids),
        )
        first_account = {account: ids[first] for account, first in zip(ids, first_code.tolist(), strict=True)}
        purchase_days = {row["user_id"]: row["frequency"] or 0 for row in pairs}
        main_account: dict[str, str] = {}
        for account in sorted(ids, key=lambda account: (-purchase_days.get(account, 0), account)):
            main_account.setdefault(first_account[account], account)
        second_accounts = frozenset(ids) - set(main_account.values())
        return cls(first_account, second_accounts, config.hold_out, config.salt)

    def held_out(self, accounts: Sequence[str]) -> NDArray[np.bool_]:
        """(n,) whether each account's person is in the hold-out."""
        if self.hold_out == 0 or not accounts:
            return np.zeros(len(accounts), bool)
        first = [self.first_account.get(account, account) for account in accounts]
        shares = {HELD_OUT: self.hold_out, OFFER: 1 - self.hold_out}
        return np.array(assign(first, "offers hold-out", self.salt, shares), object) == HELD_OUT


def accounts_of_one_person(users: DataFrame, profiles: DataFrame) -> DataFrame:
    """(first, user_id, frequency): accounts that share an e-mail or phone hash; `first` is the lowest id with it.

    An account has one row for each `first`, and the `first` account has a row too.
    """
    hashes = [F.when(F.col(name).isNotNull(), F.concat(F.lit(f"{name}="), name)) for name in _CONTACTS]
    account_hashes = users.select("user_id", F.explode(F.array_compact(F.array(*hashes))).alias("hash"))
    accounts = account_hashes.groupBy("hash").agg(F.sort_array(F.collect_set("user_id")).alias("accounts"))
    shared = accounts.where(F.size("accounts") > 1)
    pairs = shared.select(F.element_at("accounts", 1).alias("first"), F.explode("accounts").alias("user_id"))
    return pairs.distinct().join(profiles.select("user_id", "frequency"), "user_id", "left")
