"""Versions, pointers, and the atomic write that readers depend on."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import pytest

from jobs.runtime import published
from jobs.runtime.lake import Lake, Version
from jobs.runtime.night import new_run
from schemas.tables import INTEREST, ITEMS

DAY, NEXT, LATER = date(2026, 1, 5), date(2026, 1, 6), date(2026, 1, 9)


def a_version(day: date = DAY, run: str = "001", files: tuple[str, ...] = ("a.parquet",)) -> Version:
    return Version(INTEREST.name, str(day), run, 3, files, 30, 1, {"counts": [["x", 3]]})


def write(lake: Lake, version: Version, *more: str) -> None:
    lake.fs.create_dir(lake.path(version.folder), recursive=True)
    for name in (*version.files, *more):
        lake.put_text(name, version.folder, name)


def test_a_url_that_nothing_reads_is_refused_with_the_kinds_that_are() -> None:
    with pytest.raises(ValueError, match=r"ftp://shop/lake is no folder or URL .*s3, gs, abfs") as refused:
        Lake("ftp://shop/lake")
    assert "\n" not in str(refused.value)


def test_a_version_is_absent_until_it_is_committed(lake: Lake) -> None:
    write(lake, a_version())
    assert lake.version(INTEREST, DAY, "001") is None
    lake.commit(a_version())
    assert lake.version(INTEREST, DAY, "001") == a_version()


def test_commit_removes_what_an_earlier_attempt_left(lake: Lake) -> None:
    write(lake, a_version(), "orphan.parquet")
    lake.commit(a_version())
    assert lake.list_dir(a_version().folder) == ["_version.json", "a.parquet"]


def test_the_current_version_stays_until_the_next_try_of_the_run_has_passed_its_gate(lake: Lake) -> None:
    first, second, third = (a_version(files=(f"{name}.parquet",)) for name in "abc")
    for version in (first, second, third):
        write(lake, version)
        lake.commit(version)
        if version is first:
            lake.make_current(version)
    assert lake.list_dir(first.folder) == ["_version.json", "a.parquet", "c.parquet"]
    assert lake.current(INTEREST, DAY) == first
    lake.make_current(third)
    assert lake.list_dir(first.folder) == ["_version.json", "c.parquet"]


def test_only_a_version_that_passed_is_current_or_before(lake: Lake) -> None:
    for day in (DAY, NEXT):
        lake.commit(a_version(day))
    lake.make_current(a_version(DAY))
    assert lake.current(INTEREST, DAY) == a_version(DAY)
    assert lake.current(INTEREST, NEXT) is None
    assert lake.before(INTEREST, LATER) == a_version(DAY)
    assert lake.before(INTEREST, DAY) is None
    assert lake.before(ITEMS, LATER) is None
    assert lake.dates(INTEREST) == [DAY, NEXT]


def test_a_json_file_is_replaced_whole(lake: Lake) -> None:
    """A reader that polls during the write sees one complete content, never a part."""
    stop = threading.Event()
    lake.put_json([0] * 20_000, "pointer.json")

    def read() -> set[int]:
        seen: set[int] = set()
        while not stop.is_set():
            content = lake.get_json("pointer.json")
            assert len(content) == 20_000
            seen.update(content)
        return seen

    with ThreadPoolExecutor() as pool:
        readers = [pool.submit(read) for _ in range(2)]
        for number in range(1, 40):
            lake.put_json([number % 2 * 10**9] * 20_000, "pointer.json")  # much longer or shorter than before
        stop.set()
        assert set.union(*(reader.result() for reader in readers)) == {0, 10**9}
    assert lake.list_dir() == ["pointer.json"]  # no temporary file stays


def test_the_newest_model_of_an_earlier_date(lake: Lake) -> None:
    assert lake.model_before("als", NEXT) is None
    for day in (DAY, NEXT):
        lake.put_json({"run": "002"}, "models", "als", f"date={day}", "_current.json")
    lake.put_json({}, "models", "als", f"date={LATER}", "run=001", "manifest.json")  # killed before its pointer
    assert lake.model_before("als", NEXT) == ("models", "als", f"date={DAY}", "run=002")
    assert lake.model_before("als", NEXT, including=True) == ("models", "als", f"date={NEXT}", "run=002")
    assert lake.model_before("als", LATER, including=True) == ("models", "als", f"date={NEXT}", "run=002")


def test_runs_are_numbered_by_what_reported(lake: Lake) -> None:
    assert new_run(lake, DAY) == "001"
    for run in ("001", "010", "scheduled__x"):
        lake.put_json({}, "runs", f"date={DAY}", f"run={run}", "receive_drop.json")
    assert new_run(lake, DAY) == "011"
    assert new_run(lake, NEXT) == "001"


def test_a_published_run_without_a_manifest_does_not_count(lake: Lake) -> None:
    lake.put_json({"run": "2026-01-05-001"}, "published", "run=2026-01-05-001", "manifest.json")
    lake.put_json({}, "published", "run=2026-01-06-001", "recommendations", "part.parquet")  # killed while copying
    assert published.runs(lake) == ["2026-01-05-001"]
    assert published.current(lake) is None
    assert published.last_before(lake, LATER) == {"run": "2026-01-05-001"}
    assert published.last_before(lake, DAY) is None


def test_after_a_rollback_the_night_that_is_shown_is_the_last_good_one(lake: Lake) -> None:
    for run in ("2026-01-05-001", "2026-01-06-001"):
        lake.put_json({"run": run, "date": run[:10]}, "published", f"run={run}", "manifest.json")
    lake.put_json({"run": "2026-01-05-001", "date": "2026-01-05"}, *published.POINTER)
    found = published.last_before(lake, date(2026, 1, 7))
    assert found is not None
    assert found["run"] == "2026-01-05-001"
    lake.put_json({"run": "2026-01-06-001", "date": "2026-01-06"}, *published.POINTER)
    again = published.last_before(lake, date(2026, 1, 6))  # the shown night is made again: it is no judge of itself
    assert again is not None
    assert again["run"] == "2026-01-05-001"


def test_paths_for_arrow_and_for_spark(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    lake = Lake("lake")
    assert lake.is_local
    assert lake.path("a", "b") == f"{tmp_path}/lake/a/b"
    assert lake.url("a") == f"file://{tmp_path}/lake/a"
    assert Lake(f"file://{tmp_path}/lake/").path("a") == f"{tmp_path}/lake/a"
