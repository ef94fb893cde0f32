"""An account stays in last night's segment only as long as the number means the same segment."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pyarrow as pa

from jobs.customers.segment_users import MODEL, numbers_before
from jobs.runtime.lake import Lake
from jobs.runtime.night import Night
from jobs.runtime.settings import Settings
from jobs.runtime.table_writer import write_arrow
from schemas.arrow import arrow_schema
from schemas.tables import USER_SEGMENTS

DAY = dt.date(2026, 1, 1)


def test_segments_fitted_after_an_erasure_take_over_no_numbers(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path))
    row = {"user_id": "ann", "segment_id": 3, "rfm_class": "111", "moved": False}
    rows = pa.Table.from_pylist([row], arrow_schema(USER_SEGMENTS))
    lake.make_current(write_arrow(rows, USER_SEGMENTS, lake, str(DAY), "001"))
    lake.put_json({"run": "001"}, "models", MODEL, f"date={DAY}", "_current.json")
    night = Night(DAY + dt.timedelta(days=1), lake, "001", Settings())
    assert numbers_before(night).count == 1
    lake.delete("models")  # as an erasure leaves it
    assert numbers_before(night).count == 0
