"""Runs Great Expectations on one version of a table: which of its rules are broken, and by which values."""

from __future__ import annotations

import functools
import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pyarrow as pa
from pyspark.sql import functions as F

from jobs.runtime.lake import Version
from jobs.runtime.night import Night
from jobs.runtime.parquet_files import read_table, spark_rows
from schemas.table import Column, Table

_SAMPLES = 5  # values shown for each broken rule


class GateFailed(RuntimeError):
    """A table broke a rule, so no table of its stage became current."""

    refused = True  # see jobs/runtime/exit_status.py


@functools.cache
def _context() -> Any:
    """One context for the whole process. The import takes seconds, so it happens at the first gate."""
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False, metric_calculations=False)
    return context


@dataclass(frozen=True)
class GateConfig:
    """How tables are checked."""

    max_rows_in_memory: int = field(
        default=1_000_000,
        metadata={"doc": "larger tables are checked by Spark, smaller ones by pandas, which starts 10 times faster"},
    )


def broken_rules(night: Night, table: Table, version: Version, max_rows_in_memory: int) -> tuple[int, list[str]]:
    """(number of rules checked, one line for each broken rule: column, what was expected, what was seen)."""
    files = [f"{version.folder}/{name}" for name in version.files]
    return broken_in_files(night, table, files, version.rows, max_rows_in_memory)


def broken_in_nights(
    night: Night, table: Table, versions: Sequence[Version], max_rows_in_memory: int
) -> tuple[int, list[str]]:
    """As `broken_rules`, for the versions of many nights at once; a key must be unique within its night."""
    from schemas.expectations import suite

    day = Column("night", "string", "The night of the version.")
    by_night = replace(table, columns=(day, *table.columns), key=(day.name, *table.key) if table.key else ())
    expectations = suite(by_night)
    if table.may_be_empty and not any(version.rows for version in versions):
        return len(expectations.expectations), []
    if sum(version.rows for version in versions) <= max_rows_in_memory:
        batch = _in_memory(_with_nights(night, versions, day.name))
    else:
        date = F.regexp_extract("_metadata.file_path", r"/date=([\d-]+)/run=[^/]+/[^/]+$", 1).alias(day.name)
        urls = [url for version in versions for url in night.lake.file_urls(version)]
        batch = _in_spark(spark_rows(night.spark, night.lake, urls).select(date, "*"))
    return _outcome(batch, expectations)


def _with_nights(night: Night, versions: Sequence[Version], name: str) -> pa.Table:
    parts = []
    for version in versions:
        for path in night.lake.file_paths(version):
            rows = read_table(night.lake, path)
            parts.append(rows.append_column(name, pa.repeat(version.date, rows.num_rows)))
    return pa.concat_tables(parts)


def broken_in_files(
    night: Night, table: Table, files: list[str], rows: int, max_rows_in_memory: int
) -> tuple[int, list[str]]:
    """As `broken_rules`, for files (paths in the lake) with `rows` rows in all, such as published ones."""
    from schemas.expectations import suite

    expectations = suite(table)
    if rows == 0 and table.may_be_empty:
        return len(expectations.expectations), []
    if rows <= max_rows_in_memory:
        paths = [night.lake.path(file) for file in files]
        batch = _in_memory(pa.concat_tables([read_table(night.lake, path) for path in paths]))
    else:
        batch = _in_spark(spark_rows(night.spark, night.lake, [night.lake.url(file) for file in files]))
    return _outcome(batch, expectations)


def _outcome(batch: Any, expectations: Any) -> tuple[int, list[str]]:
    result = batch.validate(
        expectations, result_format={"result_format": "BASIC", "partial_unexpected_count": _SAMPLES}
    )
    return len(result.results), [_line(rule) for rule in result.results if not rule.success]


def _in_memory(rows: pa.Table) -> Any:
    return _whole_frames("pandas").get_batch(batch_parameters={"dataframe": rows.to_pandas()})


def _in_spark(frame: Any) -> Any:
    return _whole_frames("spark").get_batch(batch_parameters={"dataframe": frame})


@functools.cache
def _whole_frames(engine: str) -> Any:
    """GX's batch definition for any frame. All tables share it: a new one takes as long as checking a small table."""
    data_sources = _context().data_sources
    # Each rule reads its columns of a large table from the files. To keep the whole table in Spark takes longer.
    source = data_sources.add_pandas(engine) if engine == "pandas" else data_sources.add_spark(engine, persist=False)
    return source.add_dataframe_asset("rows").add_batch_definition_whole_dataframe("version")


def _line(outcome: Any) -> str:
    config, seen = outcome.expectation_config, outcome.result or {}
    kwargs = {k: v for k, v in config.kwargs.items() if k not in ("batch_id", "column", "column_list", "column_set")}
    columns = config.kwargs.get("column") or ", ".join(config.kwargs.get("column_list", [])) or "table"
    expected = config.type.removeprefix("expect_").replace("_", " ")
    details = ", ".join(f"{k} {v}" for k, v in kwargs.items() if v is not None)
    line = f"{columns}: {expected}" + (f" ({details})" if details else "")
    if outcome.exception_info and outcome.exception_info.get("raised_exception"):
        return f"{line}; the check itself failed: {outcome.exception_info.get('exception_message')}"
    if "unexpected_count" in seen:
        rows_text = f"{seen['unexpected_count']} of {seen.get('element_count')} rows"
        return f"{line}; saw {seen.get('partial_unexpected_list')} in {rows_text}"
    return f"{line}; saw {seen.get('observed_value')}"
