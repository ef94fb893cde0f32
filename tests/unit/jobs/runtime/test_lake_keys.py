"""The keys of a lake: one for each table, raw day and model. Only the lake's master key decrypts them."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pyarrow as pa
import pytest

from jobs.privacy import rotate_keys
from jobs.runtime import lake_keys, lease
from jobs.runtime.exit_status import REFUSED, status_of
from jobs.runtime.lake import Lake
from jobs.runtime.lake_keys import HeldKey, KeyGone, WrongMasterKey, key_name, keys_of
from jobs.runtime.night import Night
from jobs.runtime.parquet_files import read_table, write_table
from jobs.runtime.settings import Settings

DAY = dt.date(2026, 1, 5)
ONE, OTHER = "1f" * 32, "2e" * 32
FILE = "tables/t/date=2026-01-05/run=001/a.parquet"
ROWS = pa.table({"user_id": ["ann", "bob"]})
ON = Settings({"encryption": {"on": True}})


@pytest.fixture
def keyed(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> Lake:
    """An encrypted lake with a table of one file."""
    monkeypatch.setenv(lake_keys.KEY_VARIABLE, ONE)
    night = Night(DAY, lake, "001", ON)
    lake.fs.create_dir(lake.path(FILE.rpartition("/")[0]), recursive=True)
    write_table(night.lake, ROWS, lake.path(FILE))
    return lake


def reopened(lake: Lake) -> Lake:
    """The lake as another process sees it."""
    return Lake(lake.root)


def everything(lake: Lake) -> dict[str, bytes]:
    infos = lake.fs.get_file_info(pa.fs.FileSelector(lake.path(), recursive=True))
    return {info.path: lake.fs.open_input_file(info.path).read() for info in infos if info.is_file}


def test_a_lake_is_plain_until_a_setting_says_so(lake: Lake) -> None:
    assert keys_of(Night(DAY, lake, "001", Settings()).lake) is None
    assert lake.list_dir("keys") == []


def test_a_lake_with_keys_stays_encrypted_whatever_the_setting(keyed: Lake) -> None:
    assert keys_of(Night(DAY, reopened(keyed), "002", Settings()).lake) is not None


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("", "neither NIGHTMARKET_MASTER_KEY nor NIGHTMARKET_MASTER_KEY_FILE is set"),
        ("1f", "NIGHTMARKET_MASTER_KEY has 2 characters; the lake is encrypted, and its master key is 64 hexadecimal"),
        (OTHER, "the master key is not that of .*/keys: with it nothing of the lake could be read"),
    ],
)
def test_no_night_starts_without_the_right_key(
    keyed: Lake, monkeypatch: pytest.MonkeyPatch, key: str, message: str
) -> None:
    monkeypatch.setenv(lake_keys.KEY_VARIABLE, key)
    with pytest.raises(WrongMasterKey, match=message) as refusal:
        Night(DAY, reopened(keyed), "002", Settings())
    assert status_of(refusal.value) == REFUSED
    with pytest.raises(WrongMasterKey):
        read_table(reopened(keyed), keyed.path(FILE))


def test_a_first_night_without_a_key_is_refused_and_leaves_nothing(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(lake_keys.KEY_VARIABLE, raising=False)
    with pytest.raises(WrongMasterKey, match="openssl rand -hex 32"):
        Night(DAY, lake, "001", ON)
    assert not lake.exists("keys")


def test_the_master_key_may_be_in_a_file(keyed: Lake, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(lake_keys.KEY_VARIABLE)
    monkeypatch.setenv(lake_keys.FILE_VARIABLE, str(tmp_path / "master"))
    with pytest.raises(WrongMasterKey, match="no such file"):
        read_table(reopened(keyed), keyed.path(FILE))
    (tmp_path / "master").write_text(f"{ONE}\n")
    assert read_table(reopened(keyed), keyed.path(FILE)).equals(ROWS)


class Service(HeldKey):
    """A key management service: it keeps the master key to itself."""

    def __init__(self) -> None:
        super().__init__(bytes.fromhex(OTHER))


def test_a_service_may_keep_the_master_key(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(lake_keys.KEY_VARIABLE, raising=False)
    monkeypatch.setenv(lake_keys.KMS_VARIABLE, f"{__name__}:Service")
    keys = keys_of(Night(DAY, lake, "001", ON).lake)
    assert keys is not None
    table_key = keys.made("tables/t")
    with pytest.MonkeyPatch.context() as patch:  # the same key, now in the environment
        patch.delenv(lake_keys.KMS_VARIABLE)
        patch.setenv(lake_keys.KEY_VARIABLE, OTHER)
        held = keys_of(reopened(lake))
        assert held is not None
        assert held.of("tables/t") == table_key


def test_two_processes_that_make_a_key_use_the_same(keyed: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = keys_of(keyed), keys_of(reopened(keyed))
    assert first is not None
    assert second is not None
    real, second_keys = lake_keys.look, []

    def look_while_another_makes_it(*args: object) -> object:
        before = real(*args)  # type: ignore[arg-type]
        if not second_keys:
            second_keys.append(b"")
            second_keys[0] = second.made("tables/new")
        return before

    monkeypatch.setattr(lake_keys, "look", look_while_another_makes_it)
    assert first.made("tables/new") == second_keys[0]


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("tables/items/date=2026-01-05/run=001/part-0.parquet", "tables/items"),
        ("refresh/tables/clean_events/date=2026-01-05/run=001/part-0.parquet", "tables/clean_events"),
        ("raw/shop/date=2026-01-05/2026-01-05/log.csv", "raw/shop/date=2026-01-05"),
        ("raw/shop/readable/date=2026-01-05/log.csv.txt", "raw/shop/date=2026-01-05"),
        ("models/als/date=2026-01-05/run=001/factors.npz", "models/als"),
        ("privacy/items/date=2026-01-05/run=001/released.parquet", "privacy/items"),
        ("pictures/date=2026-01-05/run=001/part-0.parquet", "pictures"),
        ("published/run=2026-01-05-001/items/part-0.parquet", None),
    ],
)
def test_a_file_has_the_key_of_its_table_model_or_raw_day(path: str, name: str | None) -> None:
    assert key_name(path) == name


def test_a_new_master_key_touches_no_other_file_and_the_old_one_opens_nothing(
    keyed: Lake, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = everything(keyed)
    monkeypatch.setenv(rotate_keys.OLD_KEY_VARIABLE, ONE)
    monkeypatch.setenv(lake_keys.KEY_VARIABLE, OTHER)
    assert rotate(keyed) == 0
    assert "1 keys wrapped by the new master key" in capsys.readouterr().out
    changed = {
        path.removeprefix(keyed.path("")) for path, data in everything(keyed).items() if data != before.get(path)
    }
    assert {path for path in changed if not path.startswith("lease")} == {"keys/check.json", "keys/tables/t.json"}
    assert read_table(reopened(keyed), keyed.path(FILE)).equals(ROWS)
    wrapped = keyed.get_json("keys", "tables", "t.json")["wrapped"]
    with pytest.raises(WrongMasterKey):
        HeldKey(bytes.fromhex(ONE)).unwrap(wrapped, "tables/t")
    monkeypatch.setenv(lake_keys.KEY_VARIABLE, ONE)
    with pytest.raises(WrongMasterKey):
        read_table(reopened(keyed), keyed.path(FILE))


def rotate(lake: Lake) -> int:
    parser = rotate_keys.argparse.ArgumentParser()
    rotate_keys.add_arguments(parser)
    return rotate_keys.main(parser.parse_args(["--lake", lake.root]))


def test_a_key_change_that_was_cut_off_is_finished_by_the_same_call(
    keyed: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = keys_of(keyed)
    assert keys is not None
    keys.made("models/als")
    old, new = HeldKey(bytes.fromhex(ONE)), HeldKey(bytes.fromhex(OTHER))

    class Killed(BaseException):
        pass

    class Dying(HeldKey):
        def wrap(self, key: bytes, name: str) -> str:
            if name == "tables/t":
                raise Killed
            return super().wrap(key, name)

    with pytest.raises(Killed):
        lake_keys.rotate(keyed, old, Dying(bytes.fromhex(OTHER)))
    for key in (ONE, OTHER):
        monkeypatch.setenv(lake_keys.KEY_VARIABLE, key)
        with pytest.raises(WrongMasterKey):
            Night(DAY, reopened(keyed), "002", Settings())
    assert lake_keys.rotate(keyed, old, new) == 2
    assert read_table(reopened(keyed), keyed.path(FILE)).equals(ROWS)


def test_a_wrong_old_key_changes_nothing(keyed: Lake) -> None:
    before = everything(keyed)
    with pytest.raises(WrongMasterKey, match="nothing was changed: set NIGHTMARKET_OLD_MASTER_KEY"):
        lake_keys.rotate(keyed, HeldKey(bytes(32)), HeldKey(bytes.fromhex(OTHER)))
    assert everything(keyed) == before


def test_a_change_of_the_key_need_not_wait_for_a_running_night(keyed: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(rotate_keys.OLD_KEY_VARIABLE, ONE)
    with lease.held(keyed, lease.new_hold("nightly", DAY), lease.LeaseConfig()), pytest.raises(lease.LakeBusy):
        rotate(keyed)


def test_beside_a_refresh_the_key_is_not_changed(keyed: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    """The refresh would wrap the key of a new day by the old master key, and nobody could open it afterwards."""
    monkeypatch.setenv(rotate_keys.OLD_KEY_VARIABLE, ONE)
    refresh = Lake(f"{keyed.root}/refresh")
    before = keyed.get_json(*lake_keys.CHECK)
    with lease.held(refresh, lease.new_hold("refresh", DAY), lease.LeaseConfig()), pytest.raises(lease.LakeBusy):
        rotate(keyed)
    assert keyed.get_json(*lake_keys.CHECK) == before


def test_a_destroyed_key_opens_nothing_and_says_so(keyed: Lake) -> None:
    keyed.delete("keys", "tables", "t.json")
    with pytest.raises(KeyGone, match=r"keys/tables/t.json is not there: the key was destroyed when its day was, or"):
        read_table(reopened(keyed), keyed.path(FILE))


def test_a_key_ring_opens_its_own_tables_and_no_others(
    keyed: Lake, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    other = FILE.replace("tables/t", "tables/interest")
    keyed.fs.create_dir(keyed.path(other.rpartition("/")[0]), recursive=True)
    write_table(keyed, ROWS, keyed.path(other))
    (tmp_path / "ring.json").write_text(json.dumps(lake_keys.ring_of(keyed, ["tables/t", "tables/none_yet"])))
    monkeypatch.delenv(lake_keys.KEY_VARIABLE)
    monkeypatch.setenv(lake_keys.RING_VARIABLE, str(tmp_path / "ring.json"))
    assert read_table(reopened(keyed), keyed.path(FILE)).equals(ROWS)
    with pytest.raises(WrongMasterKey, match=r"ring.json does not open tables/interest: its role may not read it"):
        read_table(reopened(keyed), keyed.path(other))
