"""Shares of wordings: they move with clicks within bounds, losers retire, and a user's draw gives one text."""

from __future__ import annotations

import pyarrow as pa

from jobs.copywriting.briefs import Draft
from jobs.copywriting.rules import CopyConfig
from jobs.copywriting.text_clicks import add_clicks
from jobs.copywriting.wording_shares import Arm, advance, by_wording, variants_of, weights
from jobs.copywriting.write_many import copy_table
from jobs.copywriting.writer import copy_id
from schemas.arrow import arrow_schema
from schemas.tables.copywriting import COPY_CLICKS
from tests.unit.jobs.copywriting.copy_shop import brief, inputs_of, item, items_of, write

GROUP = ("recommendation", "plain", "card", "en")
ARMS: list[Arm] = [(*GROUP, name) for name in ("t-a", "t-b", "t-c")]
CONFIG = CopyConfig(retire_after=500)


def after(nights: int, clicked: dict[str, float], shown: int = 100) -> list[dict]:
    rows: list[dict] = []
    for _ in range(nights):
        counts = {arm: (shown, round(shown * clicked[arm[-1]])) for arm in ARMS}
        rows = advance(rows, ARMS, counts, CONFIG).to_pylist()
    return rows


def test_wordings_begin_with_equal_shares_and_nothing_moves_without_clicks() -> None:
    first = advance([], ARMS, {}, CONFIG)
    assert first["share"].to_pylist() == [1 / 3] * 3
    assert advance(first.to_pylist(), ARMS, {}, CONFIG).equals(first)


def test_clicks_move_the_shares_by_no_more_than_the_bound_and_sum_to_one() -> None:
    rows = after(1, {"t-a": 0.5, "t-b": 0.1, "t-c": 0.1})
    shares = {row["wording"]: row["share"] for row in rows}
    assert shares["t-a"] > 1 / 3
    assert all(abs(share - 1 / 3) <= CONFIG.most_change + 1e-6 for share in shares.values())
    assert abs(sum(shares.values()) - 1) < 1e-6


def test_a_losing_wording_retires_and_two_always_stay() -> None:
    rows = {row["wording"]: row for row in after(20, {"t-a": 0.5, "t-b": 0.1, "t-c": 0.05})}
    assert [rows[name]["retired"] for name in ("t-a", "t-b", "t-c")] == [False, False, True]
    assert rows["t-c"]["share"] == 0
    assert rows["t-a"]["share"] > rows["t-b"]["share"]
    assert rows["t-a"]["shown"] == 2000


def test_a_new_wording_joins_with_its_groups_mean() -> None:
    rows = advance([], ARMS[:2], {}, CONFIG).to_pylist()
    assert set(advance(rows, ARMS, {}, CONFIG)["share"].to_pylist()) == {1 / 3}


def test_every_draw_of_a_user_has_one_text_of_its_brief() -> None:
    rows, _ = write(inputs_of(items_of([item()])), brief(channel="push"))
    copy = copy_table(rows).sort_by("variant")
    arms = {(*brief()[1:], row["wording"]): share for row, share in zip(rows, (0.75, 0.25), strict=True)}
    variants = variants_of(copy, arms)
    assert variants["share"].to_pylist() == [0.75, 0.25]
    assert variants["wording"].to_pylist() == [row["wording"] for row in rows]
    assert len(set(variants["said"].to_pylist())) == 2


def test_each_text_of_a_model_is_its_own_wording_in_a_list() -> None:
    drafts = [Draft("A beige speaker for your evenings.", "model", "model")]
    rows, _ = write(inputs_of(items_of([item()])), brief(), drafts)
    variants = variants_of(copy_table(rows), {})
    assert variants["wording"].to_pylist() == [rows[0]["copy_id"], rows[1]["wording"]]


def test_a_text_has_an_id_of_its_own() -> None:
    assert copy_id(brief(), "a") != copy_id(brief(), "b")
    assert copy_id(brief(), "a") != copy_id(brief("g2"), "a")


def test_weights_are_shares_by_arm() -> None:
    assert weights(advance([], ARMS, {}, CONFIG))[ARMS[0]] == 1 / 3


def clicks_of(counts: dict[str, tuple[int, int]]) -> pa.Table:
    rows = [{"copy_id": copy_id, "shown": shown, "clicked": clicked} for copy_id, (shown, clicked) in counts.items()]
    return pa.Table.from_pylist(rows, arrow_schema(COPY_CLICKS))


def written() -> pa.Table:
    inputs = inputs_of(items_of([item(), item("g2", title="Tanka oak lamp", title_zh=None)]))
    return copy_table([row for of in ("g1", "g2") for row in write(inputs, brief(of, channel="card"))[0]])


def test_a_wordings_counts_are_the_sums_of_its_texts() -> None:
    copy = written()
    seen = {copy_id: (10 * (n + 1), n) for n, copy_id in enumerate(copy["copy_id"].to_pylist())} | {"gone": (7, 7)}
    wanted: dict[str, list[int]] = {}
    for row in copy.to_pylist():
        shown, clicked = wanted.setdefault(row["wording"], [0, 0])
        wanted[row["wording"]] = [shown + seen[row["copy_id"]][0], clicked + seen[row["copy_id"]][1]]
    counted = by_wording(clicks_of(seen), copy)
    assert {arm[-1]: list(pair) for arm, pair in counted.items()} == wanted
    assert {arm[:-1] for arm in counted} == {brief(channel="card")[1:]}
    assert by_wording(clicks_of({}), copy) == {}


def test_clicks_add_up_night_by_night_as_in_one_pass_and_end_with_the_text() -> None:
    copy = written()
    one, two, three = copy["copy_id"].to_pylist()[:3]
    nights = [{one: (5, 1), two: (4, 0)}, {one: (3, 0), three: (2, 2)}]
    state = clicks_of({})
    for seen in nights:
        state = add_clicks(state, clicks_of(seen), copy)
    assert state.equals(add_clicks(clicks_of({}), pa.concat_tables([clicks_of(seen) for seen in nights]), copy))
    assert {row["copy_id"]: (row["shown"], row["clicked"]) for row in state.to_pylist()} == {
        one: (8, 1), two: (4, 0), three: (2, 2)
    }  # fmt: skip
    left = copy.slice(1)
    assert set(add_clicks(state, clicks_of({one: (1, 0)}), left)["copy_id"].to_pylist()) == {two, three}
