"""Shares of wordings: they move with clicks within bounds, losers retire, and a user's draw has one text."""

from __future__ import annotations

from jobs.runtime.copy_bulk import copy_table
from jobs.runtime.copy_rules import CopyConfig
from jobs.runtime.copy_shares import Arm, advance, variants_of, weights
from jobs.runtime.copy_writing import copy_id
from tests.unit.copy_shop import brief, goods_of, item, writer_of

GROUP = ("recommendation", "plain", "card", "en")
ARMS: list[Arm] = [(*GROUP, name) for name in ("t-a", "t-b", "t-c")]
CONFIG = CopyConfig(retire_after=500)


def after(nights: int, clicked: dict[str, float], shown: int = 100) -> list[dict]:
    rows: list[dict] = []
    for _ in range(nights):
        seen = {arm: (shown, round(shown * clicked[arm[-1]])) for arm in ARMS}
        rows = advance(rows, ARMS, seen, CONFIG).to_pylist()
    return rows


def test_wordings_begin_alike_and_nothing_moves_without_clicks() -> None:
    first = advance([], ARMS, {}, CONFIG)
    assert first["share"].to_pylist() == [1 / 3] * 3
    assert advance(first.to_pylist(), ARMS, {}, CONFIG).equals(first)


def test_clicks_move_the_shares_by_no_more_than_the_bound_and_sum_to_one() -> None:
    rows = after(1, {"t-a": 0.5, "t-b": 0.1, "t-c": 0.1})
    shares = {row["wording"]: row["share"] for row in rows}
    assert shares["t-a"] > 1 / 3
    assert all(abs(share - 1 / 3) <= CONFIG.most_change + 1e-6 for share in shares.values())
    assert abs(sum(shares.values()) - 1) < 1e-6


def test_a_loser_retires_and_two_always_stay() -> None:
    rows = {row["wording"]: row for row in after(20, {"t-a": 0.5, "t-b": 0.1, "t-c": 0.05})}
    assert [rows[name]["retired"] for name in ("t-a", "t-b", "t-c")] == [False, False, True]
    assert rows["t-c"]["share"] == 0
    assert rows["t-a"]["share"] > rows["t-b"]["share"]
    assert rows["t-a"]["shown"] == 2000


def test_a_new_wording_joins_with_its_groups_mean() -> None:
    rows = advance([], ARMS[:2], {}, CONFIG).to_pylist()
    assert set(advance(rows, ARMS, {}, CONFIG)["share"].to_pylist()) == {1 / 3}


def test_every_draw_of_a_user_has_one_text_of_its_brief() -> None:
    rows, _ = writer_of(goods_of([item()])).write(brief(channel="push"))
    copy = copy_table(rows).sort_by("variant")
    arms = {(*brief()[1:], row["wording"]): share for row, share in zip(rows, (0.75, 0.25), strict=True)}
    low, high, share = (variants_of(copy, arms)[name].to_pylist() for name in ("low", "high", "share"))
    assert (low, high) == ([0.0, 0.75], [0.75, 1.0])
    assert share == [0.75, 0.25]


def test_a_text_has_an_id_of_its_own() -> None:
    assert copy_id(brief(), "a") != copy_id(brief(), "b")
    assert copy_id(brief(), "a") != copy_id(brief("g2"), "a")


def test_weights_are_shares_by_arm() -> None:
    assert weights(advance([], ARMS, {}, CONFIG))[ARMS[0]] == 1 / 3
