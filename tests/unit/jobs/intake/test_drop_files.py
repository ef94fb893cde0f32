"""The files of a night are received whole, whatever retention has deleted of earlier nights."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from jobs.intake.drop_files import receive
from jobs.runtime import sealed_files
from jobs.runtime.lake import Lake
from schemas.sources.reading import load_source

DAYS = [dt.date(2026, 1, 1) + dt.timedelta(days=n) for n in range(3)]
MAPPING = """
name = "corner_shop"
[events]
files = "{date}/log.csv"
columns = { user_id = "who", item_id = "item", event_type = "what" }
time = { column = "at" }
[users]
files = "people.jsonl"
format = "jsonl"
columns = { user_id = "id" }
"""


def test_a_file_that_never_changes_is_copied_again_when_its_first_copy_is_gone(tmp_path: Path) -> None:
    raw, lake, mapping = tmp_path / "raw", Lake(str(tmp_path / "lake")), tmp_path / "corner_shop.toml"
    mapping.write_text(MAPPING)
    source, people = load_source(str(mapping)), b'{"id": "ann"}\n'
    stored = []
    for day, last in zip(DAYS, [None, *DAYS], strict=False):
        if day == DAYS[2]:
            lake.delete("raw", "corner_shop", f"date={DAYS[0]}")  # as retention.raw_days = 2 does
        (raw / str(day)).mkdir(parents=True)
        (raw / str(day) / "log.csv").write_text(f"who,item,what,at\nann,g1,view,{day}T10:00:00Z\n")
        (raw / "people.jsonl").write_bytes(people)
        received = receive(source, str(raw), day, last, lake, 0)
        stored.append(received["users"]["files"][0]["readable"])
        assert sealed_files.read(lake, stored[-1]) == people
    assert stored[1] == stored[0]  # while the copy is there, it is not made twice
    assert f"date={DAYS[2]}" in stored[2]
