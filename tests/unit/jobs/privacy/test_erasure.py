"""A person is forgotten completely, also if the erasure is killed at any moment, and nobody else is forgotten."""

from __future__ import annotations

import argparse
import gzip
import json
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jobs.common.erased_people import JOURNAL, LIST, WrongKey, erased_people
from jobs.privacy import erasure, forget_people, lake_files, verify_receipt
from jobs.privacy.erasure import NobodyFound, find, forget, whole_people
from jobs.privacy.export_person import rows_of
from jobs.privacy.plan import Planner, ShownIsDamaged
from jobs.privacy.receipt import BadReceipt, NoReceiptKey, verified
from jobs.publishing.rollback_night import roll_back
from jobs.runtime import lake_keys, lease, published, sealed_files
from jobs.runtime.lake import Lake
from schemas.columns import ACCOUNT_IDS, BOUND_IDS
from schemas.tables import BY_NAME, CLEAN_EVENTS, INTEREST, RECOMMENDATIONS, USERS
from tests.sample import content, shown
from tests.unit.jobs.privacy.small_lake import DAYS, LOG, PEOPLE, keys, make, put, write

FIRST, LAST = DAYS


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Lake, str]:
    keys(monkeypatch)
    return make(tmp_path)


@pytest.fixture(params=["plain", "encrypted"])
def either_shop(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Lake, str]:
    keys(monkeypatch)
    return make(tmp_path, request.param == "encrypted")


def first_bytes(lake: Lake) -> Counter[tuple[str, bytes]]:
    """The first bytes of the files of each folder."""
    paths = [path for path in lake_files.all_paths(lake) if path.startswith(("tables", "raw", "published"))]
    return Counter((path.partition("/")[0], lake_files.read_bytes(lake, path)[:4]) for path in paths)


def accounts(lake: Lake) -> dict[str, set[str]]:
    """The accounts that readers and nights see, by table."""
    seen = {
        t.name: set(content(lake, lake.current(t, d))["user_id"].to_pylist()) for t in (INTEREST, USERS) for d in DAYS
    }
    return seen | {"published": set(shown(lake, RECOMMENDATIONS)["user_id"].to_pylist())}


def files(lake: Lake) -> dict[str, bytes]:
    """Every file, without those that record the erasure itself."""
    return {
        path: lake_files.read_bytes(lake, path)
        for path in lake_files.all_paths(lake)
        if not path.startswith("erased/receipts/")
    }


def test_a_person_is_forgotten_and_nobody_else(either_shop: tuple[Lake, str]) -> None:
    lake, mapping = either_shop
    people = whole_people(lake, ["ann"])
    assert people.bound == {"visitor_id:c1"}
    before = first_bytes(lake)
    (done,) = forget(lake, ["ann"], mapping)
    assert find(lake, people, mapping) == []
    assert first_bytes(lake) == before  # encrypted files are still encrypted
    assert accounts(lake) == {
        "interest": {"ann2", "bob"},
        "users": {"ann2", "bob"},
        "published": {"ann2", "bob", "anonymous"},
    }
    events = content(lake, lake.current(CLEAN_EVENTS, LAST))
    assert events["visitor_id"].to_pylist() == ["c12", "c3", "c9"]
    version = lake.current(CLEAN_EVENTS, LAST)
    assert version is not None
    assert version.rows == events.num_rows == 3
    assert "the town of erased" in content(lake, lake.current(USERS, LAST))["city"].to_pylist()
    raw = sealed_files.read(lake, f"raw/corner_shop/date={LAST}/log.csv").decode().splitlines()
    assert raw == [
        "who,cookie,item,what,at",
        "ann2,c12,g1,view,2026-01-01T11:00:00Z",
        'bob,c3,g1,"a gift for erased, or ann2",2026-01-01T12:00:00Z',
        ",c9,g3,view,2026-01-01T13:00:00Z",
    ]
    assert '"ann@shop.example"' in sealed_files.read(lake, f"raw/corner_shop/date={LAST}/people.jsonl").decode()
    assert not lake.exists("models", "als")
    assert done.receipt["models_retired"] == ["als"]
    assert done.receipt["runs_rewritten"] == {f"{day}-001": f"{day}-001e1" for day in DAYS}
    assert published.pointed(lake)["checks"] == {"rows": 3, "users": 3, "full_lists": 3}
    assert published.pointed(lake)["models"] == {}
    assert "ann" not in json.dumps(done.receipt)


def test_the_export_has_the_rows_that_are_erased(either_shop: tuple[Lake, str]) -> None:
    lake, mapping = either_shop
    finds = find(lake, whole_people(lake, ["ann"]), mapping)
    exported = {place: len(rows) for place, rows in rows_of(finds).items()}
    before = {day: content(lake, lake.current(CLEAN_EVENTS, day)).to_pylist() for day in DAYS}
    (done,) = forget(lake, ["ann"], mapping)
    gone: list[dict[str, object]] = []
    for day in DAYS:
        left = content(lake, lake.current(CLEAN_EVENTS, day)).to_pylist()
        gone += [row for row in before[day] if row not in left]
    assert [{k: v for k, v in row.items() if k != "file"} for row in rows_of(finds)["tables/clean_events"]] == gone
    assert sum(exported.values()) == done.receipt["rows_removed"]


def test_a_packed_file_is_still_packed(either_shop: tuple[Lake, str]) -> None:
    lake, mapping = either_shop
    folder, path = f"raw/corner_shop/date={LAST}", f"raw/corner_shop/date={LAST}/more.csv.gz"
    put(lake, gzip.compress(LOG.encode()), path)
    received = lake.get_json(*folder.split("/"), "_received.json")
    received["events"]["files"].append({"stored": path, "readable": path})
    lake.put_json(received, *folder.split("/"), "_received.json")
    forget(lake, ["ann"], mapping)
    assert gzip.decompress(sealed_files.read(lake, path)) == sealed_files.read(lake, f"{folder}/log.csv")
    assert find(lake, whole_people(lake, ["ann"]), mapping) == []


class Killed(BaseException):
    """Stands for a kill in a test: none of our code catches it."""


def test_a_try_that_has_not_passed_its_gate_is_edited_and_does_not_become_current(shop: tuple[Lake, str]) -> None:
    lake, mapping = shop
    passed = lake.current(USERS, LAST)
    tried = write(lake, USERS, [{"user_id": who} for who in ("ann", "eve")], LAST)
    assert passed is not None
    assert set(passed.files) <= set(lake.list_dir(tried.folder))
    forget(lake, ["ann"], mapping)
    assert find(lake, whole_people(lake, ["ann"]), mapping) == []
    now, written = lake.current(USERS, LAST), lake.version(USERS, LAST, tried.run)
    assert content(lake, now)["user_id"].to_pylist() == ["ann2", "bob"]
    assert content(lake, written)["user_id"].to_pylist() == ["eve"]
    assert (now and now.rows, written and written.rows) == (2, 1)


def kill_at(monkeypatch: pytest.MonkeyPatch, step: int) -> Callable[[], int]:
    """Counts every writing step of a lake; the step with this number never happens. Returns the number of steps."""
    seen = [0]

    def counted(name: str) -> None:
        real = getattr(Lake, name)

        def step_of(lake: Lake, *args: object) -> object:
            seen[0] += 1
            if seen[0] == step:
                raise Killed
            return real(lake, *args)

        monkeypatch.setattr(Lake, name, step_of)

    for name in ("put_text", "move", "delete"):
        counted(name)
    return lambda: seen[0]


def test_killed_at_any_step_it_ends_the_same(shop: tuple[Lake, str], tmp_path: Path) -> None:
    lake, mapping = shop
    undisturbed = Lake(str(tmp_path / "whole"))
    shutil.copytree(lake.root, undisturbed.root)
    with pytest.MonkeyPatch.context() as patch:
        steps = kill_at(patch, 0)
        forget(undisturbed, ["ann", "bob"], mapping)
        count = steps()
    assert count > 10
    for step in range(1, count + 1):
        killed = Lake(str(tmp_path / f"killed{step}"))
        shutil.copytree(lake.root, killed.root)
        with pytest.MonkeyPatch.context() as patch:
            kill_at(patch, step)
            with pytest.raises(Killed):
                forget(killed, ["ann", "bob"], mapping)
        assert accounts(killed)["published"] in ({*PEOPLE, "anonymous"}, {"ann2", "anonymous"})
        forget(killed, ["ann", "bob"], mapping)
        assert files(killed) == files(undisturbed), f"killed at step {step} of {count}"


def test_files_that_appear_during_the_erasure_are_edited_and_in_the_receipt(
    shop: tuple[Lake, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A writer that does not take the lake's lease, such as a copy by hand, puts a file back during the erasure."""
    lake, mapping = shop
    path = f"raw/corner_shop/date={LAST}/log.csv"
    log, carry_out = lake_files.read_bytes(lake, path), erasure.carry_out

    def carry_out_and_put_back(*args: Any) -> None:
        carry_out(*args)
        Path(lake.path(path)).write_bytes(log)

    with monkeypatch.context() as patched:
        patched.setattr(erasure, "carry_out", carry_out_and_put_back)
        for _ in range(2):
            with pytest.raises(erasure.NotForgotten, match=r"1 files still name one of 1 people, such as raw/"):
                forget(lake, ["ann"], mapping)
    (done,) = forget(lake, ["ann"], mapping)
    assert find(lake, whole_people(lake, ["ann"]), mapping) == []
    assert done.receipt["models_retired"] == ["als"]
    assert done.receipt["runs_rewritten"] == {f"{day}-001": f"{day}-001e1" for day in DAYS}
    paths = [file["path"] for file in done.receipt["files"]]
    assert (paths.count(path), len(paths) - len(set(paths))) == (1, 0)


@pytest.mark.parametrize("room", [0, 5], ids=["at once", "halfway"])
def test_a_full_disk_changes_nothing(shop: tuple[Lake, str], monkeypatch: pytest.MonkeyPatch, room: int) -> None:
    """room: files that may still be written."""
    lake, mapping = shop
    before, stage, staged = accounts(lake), Planner._stage, []

    def until_full(self: Planner, data: bytes) -> str:
        if len(staged) == room:
            raise OSError(28, "No space left on device")
        staged.append(stage(self, data))
        return staged[-1]

    with monkeypatch.context() as patch:
        patch.setattr(Planner, "_stage", until_full)
        with pytest.raises(OSError, match="No space left"):
            forget(lake, ["ann"], mapping)
    assert accounts(lake) == before
    forget(lake, [], mapping)  # the next erasure, of any person, finishes it
    assert not lake.exists(*JOURNAL)
    assert "ann" not in accounts(lake)["users"]


def test_an_unknown_person_changes_nothing(shop: tuple[Lake, str]) -> None:
    lake, mapping = shop
    before = files(lake)
    with pytest.raises(NobodyFound, match="no trace of zoe in"):
        forget(lake, ["zoe"], mapping)
    assert files(lake) == before
    (done,) = forget(lake, ["ann", "zoe"], mapping)
    assert done.unknown == ["zoe"]
    assert forget(lake, ["ann"], mapping) == []


def test_missing_keys_are_reported_before_anything_is_changed(
    shop: tuple[Lake, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lake, mapping = shop
    before = files(lake)
    for variable, problem in (("NIGHTMARKET_RECEIPT_KEY", NoReceiptKey), ("NIGHTMARKET_ERASURE_KEY", WrongKey)):
        with monkeypatch.context() as patch:
            patch.delenv(variable)
            with pytest.raises(problem, match=f"{variable} is not set"):
                forget(lake, ["ann"], mapping)
    assert files(lake) == before
    forget(lake, ["ann"], mapping)
    monkeypatch.setenv("NIGHTMARKET_ERASURE_KEY", "another key that is long enough for it")
    with pytest.raises(WrongKey, match="is not the key of"):
        erased_people(lake)


def test_with_another_master_key_nobody_is_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys(monkeypatch)
    lake, mapping = make(tmp_path, encrypted=True)
    before = files(lake)
    monkeypatch.setenv(lake_keys.KEY_VARIABLE, "ef" * 32)
    with pytest.raises(lake_keys.WrongMasterKey):
        forget(Lake(lake.root), ["ann"], mapping)
    assert files(lake) == before


def test_a_raw_day_whose_key_is_destroyed_stays_closed_and_stops_no_erasure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys(monkeypatch)
    lake, mapping = make(tmp_path, encrypted=True)
    lake_keys.destroy(lake, ("raw", "corner_shop", f"date={FIRST}"))
    shut = f"raw/corner_shop/date={FIRST}/log.csv"
    before = lake_files.read_bytes(lake, shut)
    forget(Lake(lake.root), ["ann"], mapping)
    assert lake_files.read_bytes(lake, shut) == before
    assert find(Lake(lake.root), whole_people(lake, ["ann"]), mapping) == []


def test_the_list_recognises_and_names_nobody(shop: tuple[Lake, str]) -> None:
    lake, mapping = shop
    forget(lake, ["ann"], mapping)
    listed = erased_people(lake)
    assert [listed.has_account(account) for account in ("ann", "ann2", "c1")] == [True, False, False]
    assert listed.has_visitor("c1")
    assert "ann" not in json.dumps(lake.get_json(*LIST))


def test_the_receipt_is_genuine_or_refused(shop: tuple[Lake, str], capsys: pytest.CaptureFixture[str]) -> None:
    lake, mapping = shop
    (done,) = forget(lake, ["ann"], mapping)
    assert verified(done.receipt, done.receipt["public_key"])["check"] == "find_person found nothing"
    with pytest.raises(BadReceipt, match="was changed after it was signed"):
        verified(done.receipt | {"rows_removed": 0})
    with pytest.raises(BadReceipt, match="not by 00"):
        verified(done.receipt, "00" * 32)
    parser = argparse.ArgumentParser()
    verify_receipt.add_arguments(parser)
    assert verify_receipt.main(parser.parse_args([lake.path(done.place), "--user", "ann"])) == 0
    assert "is about the account ann" in capsys.readouterr().out
    with pytest.raises(BadReceipt, match="not about the account ann2"):
        verify_receipt.main(parser.parse_args([lake.path(done.place), "--user", "ann2"]))


def test_a_damaged_published_run_is_withdrawn(shop: tuple[Lake, str]) -> None:
    lake, mapping = shop
    (file,) = published.files(published.manifest(lake, f"{FIRST}-001"), RECOMMENDATIONS.name)
    lake.put_text("not Parquet, about ann", *file.split("/"))
    (done,) = forget(lake, ["ann"], mapping)
    assert done.receipt["runs_withdrawn"] == [f"{FIRST}-001"]
    assert published.runs(lake) == [f"{LAST}-001e1"]


def test_the_shown_night_is_damaged_so_nothing_is_changed_until_a_rollback(shop: tuple[Lake, str]) -> None:
    """Once an erasure has begun, no night is published and no rollback runs, so it must be refused before."""
    lake, mapping = shop
    (file,) = published.files(published.manifest(lake, f"{LAST}-001"), RECOMMENDATIONS.name)
    lake.put_text("not Parquet, about ann", *file.split("/"))
    before = files(lake)
    with pytest.raises(ShownIsDamaged, match=f"published run {LAST}-001 cannot be read whole.*python -m jobs rollback"):
        forget(lake, ["ann"], mapping)
    assert files(lake) == before
    roll_back(lake, None)
    (done,) = forget(lake, ["ann"], mapping)
    assert done.receipt["runs_withdrawn"] == [f"{LAST}-001"]
    assert published.pointed(lake)["run"] == f"{FIRST}-001e1"
    assert find(lake, whole_people(lake, ["ann"]), mapping) == []


def test_a_receipt_that_was_taken_away_gives_its_number_to_nobody(shop: tuple[Lake, str]) -> None:
    lake, mapping = shop
    for who in ("ann", "ann2"):
        forget(lake, [who], mapping)
    lake.delete("erased", "receipts", "001.json")
    (done,) = forget(lake, ["bob"], mapping)
    assert done.place == "erased/receipts/003.json"
    assert find(lake, whole_people(lake, ["bob"]), mapping) == []


def test_a_search_keeps_no_file_in_memory(either_shop: tuple[Lake, str]) -> None:
    lake, mapping = either_shop
    hits = find(lake, whole_people(lake, ["ann", "bob"]), mapping)
    assert {hit.edit.content for hit in hits} == {b"", None}
    assert all(bool(hit.content()) == (hit.edit.content is not None) for hit in hits)


def cut(lake: Lake, path: str, to: str) -> None:
    """Writes the first half of a file to another place, as a task that is killed leaves it."""
    data = lake_files.read_bytes(lake, path)
    Path(lake.path(to)).parent.mkdir(parents=True, exist_ok=True)
    Path(lake.path(to)).write_bytes(data[: len(data) // 2])


def test_files_that_a_killed_task_left_stop_no_erasure(either_shop: tuple[Lake, str]) -> None:
    lake, mapping = either_shop
    version = lake.current(USERS, LAST)
    assert version is not None
    half = f"tables/users/date={LAST}/run=002/part-00000-half.parquet"
    cut(lake, f"{version.folder}/{version.files[0]}", half)
    cut(lake, f"models/als/date={LAST}/run=001/factors.npz", f"models/copywriter/date={LAST}/run=002/factors.npz")
    cut(lake, f"raw/corner_shop/date={LAST}/log.csv", f"raw/corner_shop/date={LAST}/half.parquet")
    people = whole_people(lake, ["ann"])
    assert people.bound == {"visitor_id:c1"}
    (done,) = forget(lake, ["ann"], mapping)
    assert done.receipt["check"] == "find_person found nothing"
    assert not lake.exists(*half.split("/"))
    assert accounts(lake)["users"] == {"ann2", "bob"}
    with pytest.raises(NobodyFound):  # what nobody can decode is no trace of anybody
        forget(lake, ["zoe"], mapping)


def test_a_file_that_readers_use_and_nobody_can_decode_is_named(either_shop: tuple[Lake, str]) -> None:
    lake, mapping = either_shop
    version = lake.current(USERS, LAST)
    assert version is not None
    path = f"{version.folder}/{version.files[0]}"
    cut(lake, path, path)
    before = files(lake)
    with pytest.raises(lake_files.Unreadable, match=rf"{path} cannot be decoded.*bring it back from a backup"):
        forget(lake, ["ann"], mapping)
    assert files(lake) == before


def test_somebody_forgotten_before_is_looked_for_again_by_the_command(
    shop: tuple[Lake, str], capsys: pytest.CaptureFixture[str]
) -> None:
    lake, mapping = shop
    path = f"raw/corner_shop/date={LAST}/log.csv"
    log = lake_files.read_bytes(lake, path)
    parser = argparse.ArgumentParser()
    forget_people.add_arguments(parser)
    args = parser.parse_args(["--lake", lake.root, "--user", "ann", "--user", "bob", "--source", mapping])
    forget_people.main(args)
    Path(lake.path(path)).write_bytes(log)  # a copy that somebody puts back
    assert forget(lake, ["ann"], mapping) == []  # the list of a night is not looked for again
    forget_people.main(args)
    assert find(lake, whole_people(lake, ["ann", "bob"]), mapping) == []
    assert lake.list_dir("erased", "receipts") == ["001.json", "002.json"]
    capsys.readouterr()
    forget_people.main(args)
    assert capsys.readouterr().out == "all 2 were forgotten before, and no file names them; nothing was changed\n"


def test_a_night_that_holds_the_lake_is_waited_for(shop: tuple[Lake, str]) -> None:
    lake, mapping = shop
    parser = argparse.ArgumentParser()
    forget_people.add_arguments(parser)
    args = parser.parse_args(["--lake", lake.root, "--user", "ann", "--source", mapping])
    before = accounts(lake)
    with lease.held(lake, lease.new_hold("nightly", LAST), lease.LeaseConfig()), pytest.raises(lease.LakeBusy):
        forget_people.main(args)
    assert accounts(lake) == before


def test_raw_files_of_an_unknown_mapping_are_refused(shop: tuple[Lake, str]) -> None:
    lake, _ = shop
    with pytest.raises(lake_files.UnknownSource, match="give it with --source"):
        forget(lake, ["ann"])


def test_every_column_that_names_a_person_is_known() -> None:
    """A new table with an account or a visitor under another name must be declared in schemas/columns.py."""
    words = ("account id", "account's id", "customer id", "cookie", "device", "visitor id", "member id")
    for table in BY_NAME.values():
        for column in table.columns:
            says_so = any(word in column.doc.casefold() for word in words) or column.name.endswith(
                ("user_id", "visitor_id", "customer_id", "account_id", "member_id")
            )
            assert not says_so or column.name in (*ACCOUNT_IDS, *BOUND_IDS), f"{table.name}.{column.name}"
    assert erasure.OUT_OF_REACH


def test_an_id_that_stands_in_a_key_by_chance_does_not_damage_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys(monkeypatch)
    lake, mapping = make(tmp_path, encrypted=True)
    lake.put_json({"wrapped": "Zm9v+ann+YmFy"}, "keys", "tables", "spare.json")
    forget(lake, ["ann"], mapping)
    assert lake.get_json("keys", "tables", "spare.json") == {"wrapped": "Zm9v+ann+YmFy"}
