"""An account that has the name of the list for visitors without an account."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from jobs.lists.list_inputs import refuse_reserved_account
from jobs.runtime.lake import Lake
from jobs.runtime.night import Night
from jobs.runtime.settings import Settings
from schemas.tables import USERS
from tests.sample import put

DAY = dt.date(2026, 3, 10)


@pytest.mark.parametrize(("account", "is_refused"), [("anonymous", True), ("Anonymous", False), ("u1", False)])
def test_it_is_refused_with_the_key_of_the_mapping_that_mends_it(
    tmp_path: Path, account: str, is_refused: bool
) -> None:
    night = Night(DAY, Lake(str(tmp_path)), "001", Settings())
    put(night, USERS, [{"user_id": name, "updated_on": DAY} for name in ("u0", account)])
    if is_refused:
        with pytest.raises(ValueError, match=r"users of 2026-03-10 has an account 'anonymous'.* null_tokens"):
            refuse_reserved_account(night)
    else:
        refuse_reserved_account(night)
