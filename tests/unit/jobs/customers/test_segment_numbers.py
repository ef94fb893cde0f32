"""An account stays in last night's segment only as long as the number means the same segment."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pyarrow as pa

from jobs.customers.segment_users import MODEL, numbered_since, numbers_before
from jobs.runtime.lake import Lake
from jobs.runtime.night import Night
from jobs.runtime.settings import Settings
from jobs.runtime.table_writer import write_arrow
from schemas.arrow import arrow_schema
from schemas.tables import USER_SEGMENTS

DAY = dt.date(2026, 1, 1)


def test_after_a_night_that_fitted_new_segments_and_failed_old_numbers_mean_others(tmp_path: Path) -> None:
    """The model of the night after an erasure is there, though the night's tables did not pass their gate."""
    lake, fitted = Lake(str(tmp_path)), DAY + dt.timedelta(days=1)
    row = {"user_id": "ann", "segment_id": 3, "rfm_class": "111", "moved": False}
    rows = pa.Table.from_pylist([row], arrow_schema(USER_SEGMENTS))
    lake.make_current(write_arrow(rows, USER_SEGMENTS, lake, str(DAY), "001"))
    lake.put_json({"run": "001"}, "models", MODEL, f"date={fitted}", "_current.json")
    lake.put_json({"since": str(fitted)}, "models", MODEL, f"date={fitted}", "run=001", "numbers.json")
    night = Night(fitted + dt.timedelta(days=1), lake, "001", Settings())
    assert numbered_since(night) == fitted
    assert numbers_before(night).count == 0
    lake.make_current(write_arrow(rows, USER_SEGMENTS, lake, str(fitted), "001"))
    assert numbers_before(night).count == 1


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
