"""A lake that gets its keys before the third night: its jobs read the earlier plain tables, and write encrypted ones.

`make bench-encryption` runs whole nights both ways.
"""

from __future__ import annotations

from pathlib import Path

from jobs.intake import clean_events, receive_drop, update_catalogue
from jobs.publishing import check_tables
from jobs.runtime import sealed_files
from jobs.runtime.lake import Lake
from schemas.tables import CLEAN_EVENTS, ITEMS, REJECTED_EVENTS, USERS
from tests.sample import THIRD, Sample, content


def test_the_first_jobs_of_an_encrypted_night_make_the_same_tables(sample: Sample, tmp_path: Path) -> None:
    lake = sample.copy(tmp_path / "lake").lake
    night = Sample(sample.raw, lake, sample.eve).night(THIRD, "enc", encryption={"on": True})
    for job in (receive_drop, clean_events, update_catalogue):
        night.begin(job.__name__.rpartition(".")[2])
        job.main(night)
        night.end()
    check_tables.main(night, "clean")
    for table in (CLEAN_EVENTS, REJECTED_EVENTS, ITEMS, USERS):
        version = lake.current(table, THIRD)
        assert version is not None
        assert version.run == "enc"
        assert {Path(path).read_bytes()[:4] for path in lake.file_paths(version)} == {b"PARE"}
        assert content(lake, version).equals(content(sample.lake, sample.lake.current(table, THIRD)))


def test_a_raw_copy_of_an_encrypted_night_is_the_shops_file(sample: Sample, tmp_path: Path) -> None:
    lake = Lake(str(tmp_path / "lake"))
    night = Sample(sample.raw, lake, sample.eve).night(THIRD, encryption={"on": True})
    night.begin("receive_drop")
    receive_drop.main(night)
    received = lake.get_json("raw", "sample_shop", f"date={THIRD}", "_received.json")
    files = [file for which in ("events", "items", "users") for file in received[which]["files"]]
    assert len(files) >= 3
    for file in files:
        assert sealed_files.is_sealed(lake, file["stored"])
        assert sealed_files.read(lake, file["stored"]) == (sample.raw / file["path"]).read_bytes()
    before = {file["stored"]: Path(lake.path(file["stored"])).stat().st_mtime_ns for file in files}
    receive_drop.main(night)  # again: files that are there already are not copied a second time
    assert {stored: Path(lake.path(stored)).stat().st_mtime_ns for stored in before} == before
