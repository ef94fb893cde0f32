"""A small drop of one shop, written line by line, and the rows that the reader makes from it."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from pyspark.sql import Row, SparkSession

from jobs.intake.drop_files import receive
from jobs.intake.typed_rows import read_rows
from jobs.runtime.lake import Lake
from schemas.sources.mapping import Source
from schemas.sources.reading import parse_source

NIGHT = date(2026, 1, 6)
HEADER = "uid,sku,what,at,price"
GOOD = "u1,i1,view,2026-01-06 10:00:00,9.90"
COLUMNS = {"user_id": "uid", "item_id": "sku", "event_type": "what", "price": "price"}


def a_source(**events: Any) -> Source:
    defaults = {"files": "{date}*", "columns": COLUMNS, "time": {"column": "at"}}
    return parse_source({"name": "shop", "timezone": events.pop("timezone", "UTC"), "events": defaults | events})


@dataclass
class Shop:
    """A drop folder, a lake and a Spark session."""

    spark: SparkSession
    raw: Path
    lake: Lake

    def drop(self, content: str | bytes, name: str = "2026-01-06.csv") -> None:
        data = content.encode() if isinstance(content, str) else content
        (self.raw / name).write_bytes(gzip.compress(data) if name.endswith(".gz") else data)

    def lines(self, *lines: str, name: str = "2026-01-06.csv", header: str = HEADER) -> None:
        self.drop("\n".join((header, *lines)) + "\n", name)

    def receive(
        self, source: Source | None = None, night: date = NIGHT, previous: date | None = None
    ) -> dict[str, Any]:
        return receive(source or a_source(), str(self.raw), night, previous, self.lake, 3)

    def rows(self, source: Source | None = None, night: date = NIGHT, previous: date | None = None,
             which: str = "events") -> list[Row]:  # fmt: skip
        """All rows. Checks that the reader counted as many, and that only rejected rows have a reason and raw text."""
        source = source or a_source()
        reading = read_rows(
            self.spark, source, which, self.receive(source, night, previous), self.lake, night, previous
        )
        rows = reading.frame.collect()
        assert reading.observation.get["raw_rows"] == len(rows)
        assert all((row.raw_row is None) == (row.reason is None) for row in rows)
        return rows

    def reasons(self, *lines: str, **events: Any) -> list[str | None]:
        self.lines(*lines)
        return [row.reason for row in self.rows(a_source(**events))]
