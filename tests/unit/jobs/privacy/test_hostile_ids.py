"""Ids that look like other text, and wrong arguments, on a lake of two nights."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from jobs.__main__ import main
from jobs.privacy import erasure
from jobs.privacy.erasure import NobodyFound, NoHashKey, find, forget, whole_people
from jobs.privacy.id_list import BadList
from jobs.privacy.lake_files import all_paths, read_bytes
from jobs.privacy.receipt import BadReceipt, signed, signing_key
from jobs.runtime.lake import Lake
from schemas.tables import CLEAN_EVENTS, INTEREST
from tests.sample import content
from tests.unit.jobs.privacy.small_lake import ACCOUNTS, DAYS, LOG, keys, make, write

ODD = (
    "o'brien", 'say "hi"', "a/b", "a.*b", "x|y", "日本 太郎", "１２３４", "1234", "a,b", "u#1", "back\\slash", "%61nn",
    "zoe&co", "..", "=1+1", "-dash", "null",
)  # fmt: skip
RAW = f"raw/corner_shop/date={DAYS[-1]}"


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Lake, str]:
    keys(monkeypatch)
    return make(tmp_path)


def with_accounts(lake: Lake, ids: tuple[str, ...], text: str = "") -> None:
    """Adds lines to the last night's raw files, one for each id."""
    lines = io.StringIO()
    csv.writer(lines, lineterminator="\n").writerows(
        [account, "", f"g1{text}", "view", "2026-01-02T10:00:00Z"] for account in ids
    )
    log = "".join(LOG.splitlines(keepends=True)[:-1])  # the last line is broken
    lake.put_text(log + lines.getvalue(), RAW, "log.csv")
    accounts = [json.dumps({"account": {"id": account}, "mail": text}, ensure_ascii=False) + "\n" for account in ids]
    lake.put_text(ACCOUNTS + "".join(accounts), RAW, "people.jsonl")


def raw(lake: Lake, name: str) -> str:
    return read_bytes(lake, f"{RAW}/{name}").decode()


def test_odd_ids_are_forgotten_and_none_for_another(shop: tuple[Lake, str]) -> None:
    lake, mapping = shop
    with_accounts(lake, ODD)
    gone, stays = ODD[::2], ODD[1::2]
    (done,) = forget(lake, [*gone, "zoe"], mapping)
    assert done.unknown == ["zoe"]
    assert find(lake, whole_people(lake, gone), mapping) == []
    left = [row[0] for row in csv.reader(io.StringIO(raw(lake, "log.csv"))) if row[3:4] == ["view"]]
    assert set(left) == {"", "ann", "ann2", *stays}
    accounts = [json.loads(line)["account"]["id"] for line in raw(lake, "people.jsonl").splitlines()]
    assert accounts == ["ann", "ann2", "bob", *stays]


def test_an_id_within_anothers_stays_there(shop: tuple[Lake, str]) -> None:
    lake, mapping = shop
    others = ("ann smith", "shop:ann", "zoe&ann", 'say "ann"', "ann.")
    with_accounts(lake, others, " for ann")
    lake.make_current(write(lake, INTEREST, [{"user_id": who, "item_id": "g1"} for who in ("ann", *others)], DAYS[-1]))
    forget(lake, ["ann"], mapping)
    assert find(lake, whole_people(lake, ["ann"]), mapping) == []
    assert set(content(lake, lake.current(INTEREST, DAYS[-1]))["user_id"].to_pylist()) == set(others)
    rows = [row for row in csv.reader(io.StringIO(raw(lake, "log.csv"))) if row[2].endswith("for erased")]
    assert [row[0] for row in rows] == list(others)
    accounts = [json.loads(line) for line in raw(lake, "people.jsonl").splitlines()][-len(others) :]
    assert [account["account"]["id"] for account in accounts] == list(others)
    assert {account["mail"] for account in accounts} == {" for erased"}


def test_somebody_of_a_list_whom_only_a_text_or_a_nested_field_names_is_known(shop: tuple[Lake, str]) -> None:
    lake, mapping = shop
    lake.put_text("a note about dora", "reports", f"date={DAYS[-1]}", "note.txt")
    lake.put_text(ACCOUNTS + '{"account": {"id": "eve"}, "mail": ""}\n', RAW, "people.jsonl")
    (done,) = forget(lake, ["ann", "dora", "zoe", "eve"], mapping)
    assert done.unknown == ["zoe"]
    assert find(lake, whole_people(lake, ["dora", "eve"]), mapping) == []


def test_those_of_a_list_whom_only_a_dictionary_names_are_known_without_another_look(
    shop: tuple[Lake, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A shop's file may list every account, also accounts without rows; a search for each would take minutes."""
    lake, mapping = shop
    ids = [f"customer{number}" for number in range(100)]
    codes = pa.DictionaryArray.from_arrays(pa.array([0], pa.int32()), pa.array(["bob", *ids]))
    folder = Path(lake.path("tables", "x", f"date={DAYS[-1]}", "run=001"))
    folder.mkdir(parents=True)
    pq.write_table(pa.table({"user_id": codes}), folder / "a.parquet")
    looks: list[str] = []
    once = erasure.hit_in
    monkeypatch.setattr(erasure, "hit_in", lambda lake, path, *more: looks.append(path) or once(lake, path, *more))
    (done,) = forget(lake, ids, mapping)
    assert (done.unknown, looks) == ([], [])


def test_a_line_goes_whole_with_whatever_its_text_has(shop: tuple[Lake, str]) -> None:
    """U+2028 and similar characters do not end a line of a file; else half of the person's line would stay."""
    lake, mapping = shop
    with_accounts(lake, ("eve", "fay"), "\u2028half\x85")
    forget(lake, ["eve"], mapping)
    for name in ("log.csv", "people.jsonl"):
        assert raw(lake, name).count("half") == 1, name
        assert "fay" in raw(lake, name)


def test_an_id_that_is_a_word_of_the_lake_or_the_shop_changes_nobody_elses_rows(shop: tuple[Lake, str]) -> None:
    lake, mapping = shop
    words = ("view", "log", "corner_shop", "users", "part")
    with_accounts(lake, words)
    events = [{"event_id": "1", "user_id": who, "event_type": "view"} for who in ("ann", *words)]
    lake.make_current(write(lake, CLEAN_EVENTS, events, DAYS[-1]))
    others = {path for path in all_paths(lake) if path.startswith(("raw/", "runs/", "reports/"))}
    forget(lake, list(words), mapping)
    assert find(lake, whole_people(lake, words), mapping) == []
    assert others <= set(all_paths(lake))
    rows = content(lake, lake.current(CLEAN_EVENTS, DAYS[-1])).to_pylist()
    assert [(row["user_id"], row["event_type"]) for row in rows] == [("ann", "view")]
    assert [row[0] for row in csv.reader(io.StringIO(raw(lake, "log.csv"))) if row[3:4] == ["view"]] == [
        "ann", "", "ann2", ""
    ]  # fmt: skip
    assert lake.get_json(*RAW.split("/"), "_received.json")["users"]["files"]


def test_two_ids_of_a_person_are_one_erasure(shop: tuple[Lake, str]) -> None:
    lake, mapping = shop
    assert main(["forget", "--lake", lake.root, "--source", mapping, "--user", "ann", "--user", "bob"]) == 0
    (receipt,) = lake.list_dir("erased", "receipts")
    assert len(lake.get_json("erased", "receipts", receipt)["people"]) == 2
    assert find(lake, whole_people(lake, ["ann", "bob"]), mapping) == []


def test_a_list_of_a_thousand_with_one_twice(shop: tuple[Lake, str], tmp_path: Path) -> None:
    lake, mapping = shop
    ids = tuple(f"customer{n}" for n in range(1000))
    with_accounts(lake, ids)
    file = tmp_path / "ids.csv"
    file.write_text("user_id\n" + "".join(f"{account}\n" for account in (*ids, ids[7])))
    assert main(["forget", "--lake", lake.root, "--source", mapping, "--file", str(file)]) == 0
    assert len(lake.get_json("erased", "receipts", "001.json")["people"]) == 1000
    assert "customer" not in raw(lake, "log.csv")
    assert "ann2" in raw(lake, "log.csv")


@pytest.mark.parametrize("job", ["find_person", "export_person", "forget"])
@pytest.mark.parametrize(
    ("user", "problem"), [("", "it is empty"), (" ", "it is empty"), ("a\nb", "it has a control character")]
)
def test_an_argument_that_is_no_id_is_refused(
    shop: tuple[Lake, str], tmp_path: Path, job: str, user: str, problem: str
) -> None:
    more = ["--out", str(tmp_path / "out")] if job == "export_person" else []
    with pytest.raises(BadList, match=f"--user: {problem}"):
        main([job, "--lake", shop[0].root, "--user", user, *more])


@pytest.mark.parametrize("job", ["find_person", "forget"])
def test_what_is_no_lake_is_never_said_to_be_free_of_a_person(shop: tuple[Lake, str], tmp_path: Path, job: str) -> None:
    for root, problem in (
        (tmp_path, "is no lake"),
        (tmp_path / "no", "there is no lake"),
        (shop[1], "there is no lake"),
    ):
        with pytest.raises(FileNotFoundError, match=problem):
            main([job, "--lake", str(root), "--user", "ann"])


def test_without_the_key_of_its_hashes_a_lake_is_not_said_to_be_free_of_a_person(shop: tuple[Lake, str]) -> None:
    lake, mapping = shop
    Path(mapping).write_text(
        Path(mapping).read_text().replace('user_id = "who"', 'user_id = { column = "who", personal = true }')
    )
    with pytest.raises(NoHashKey, match="NIGHTMARKET_HMAC_KEY is not set, and the mapping of corner_shop hashes"):
        main(["find_person", "--lake", lake.root, "--source", mapping, "--user", "ann"])


def test_files_that_are_not_there_or_are_something_else(shop: tuple[Lake, str], tmp_path: Path) -> None:
    lake, mapping = shop
    for path, problem in ((tmp_path, "is a folder"), (tmp_path / "no.csv", "does not exist")):
        with pytest.raises(BadList, match=f"{problem}; nothing was removed"):
            main(["forget", "--lake", lake.root, "--source", mapping, "--file", str(path)])
        with pytest.raises(FileNotFoundError, match="there is no file"):
            main(["verify_receipt", str(path)])
    other = tmp_path / "other.json"
    other.write_text(json.dumps(signed({"said": "anything"}, signing_key())))
    with pytest.raises(BadReceipt, match="is no receipt of an erasure"):
        main(["verify_receipt", str(other)])
    with pytest.raises(ValueError, match="lies in the lake"):
        main(["export_person", "--lake", lake.root, "--source", mapping, "--user", "ann", "--out", f"{lake.root}/out"])
    with pytest.raises(NobodyFound, match="no trace of zoe"):
        main(["forget", "--lake", lake.root, "--source", mapping, "--user", "zoe"])
