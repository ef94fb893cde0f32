"""Reads received files into one Spark frame of the SHOP'S columns, untyped: strings from text files, Parquet as stored.

The frame also has `__file` (path in the drop), `__fresh` (false if an earlier night received the same bytes),
`__malformed` (the whole line, if it cannot be cut into the header's fields) and, for JSON lines, `__line`. With `each`
there is one row for each element of the array: the array's column holds the element, `__position` its number, from 1.
"""

from __future__ import annotations

from datetime import date
from functools import reduce
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame, DataFrameReader, SparkSession
from pyspark.sql import functions as F

from jobs.intake.column_paths import head, needed
from jobs.intake.nested_rows import unfold
from jobs.intake.sql_text import quoted, text
from jobs.runtime.spark_keys import raw_reader
from schemas.sources.mapping import Input, Source

NIGHT = "__night"
INTERNAL = ("__file", "__fresh", "__malformed", "__line", "__position", NIGHT, "__end")


def scan(spark: SparkSession, source: Source, which: str, files: list[dict[str, Any]], lake: Any) -> DataFrame:
    """All files of one input. Files with the same columns are read together; a column that a file lacks is null.

    Files of many nights have `night` and `end`; their rows have both too, as `__night` and `__end`.
    """
    spec = source.input(which)
    groups: dict[tuple, list[dict[str, Any]]] = {}
    for file in files:
        if "night" in file:  # a join later finds the file of each row
            groups.setdefault(layout(file), []).append(file)
            continue
        folder = file["readable"].removesuffix(file["path"])
        own_name = file["path"] if folder == file["readable"] else ""  # it is stored under another name
        groups.setdefault((layout(file), own_name or folder, file["same_as"] is None), []).append(file)
    frames = [
        unfold(_scan_group(spark, source, spec, group, lake), source, which, group[0]["header"])
        for group in groups.values()
    ]
    union = reduce(lambda left, right: left.unionByName(right, allowMissingColumns=True), frames)
    return union.selectExpr(*(_without_null_tokens(name, kind, source, spec) for name, kind in union.dtypes))


def layout(file: dict[str, Any]) -> tuple:
    """The columns of a file and, for Parquet, their types. Files with the same layout can be read together."""
    return tuple(file["header"]), tuple(sorted(file["types"].items()))


def _scan_group(spark: SparkSession, source: Source, spec: Input, files: list[dict[str, Any]], lake: Any) -> DataFrame:
    urls = [lake.url(file["readable"]) for file in files]
    header = files[0]["header"]
    if spec.format == "parquet":
        if any("[ns" in kind for kind in files[0]["types"].values()):
            spark.conf.set("spark.sql.legacy.parquet.nanosAsLong", "true")  # pandas writes nanoseconds; read as int64
        frame = raw_reader(spark, lake, urls).parquet(*urls)
        columns = [quoted(column) for column in frame.columns] + [
            "CAST(NULL AS STRING) __malformed",
            "CAST(NULL AS STRING) __line",
        ]
    elif spec.format == "jsonl":
        named = (*needed(source, spec.which), *sorted(spec.sql_words))  # SQL words: the sample may lack a rare key
        keys = dict.fromkeys((*header, *(name if name in header else head(name) for name in named)))
        frame = _json_lines(raw_reader(spark, lake, urls), urls, list(keys))
        columns = [quoted(column) for column in keys] + ["__malformed", "__line"]
    else:
        frame = _csv(raw_reader(spark, lake, urls), spec, urls, header)
        columns = [quoted(column) for column in header] + ["__malformed", "CAST(NULL AS STRING) __line"]
    if "night" in files[0]:
        return _with_nights(spark, source, spec, frame, columns, files)
    fresh = str(files[0]["same_as"] is None).lower()
    place = [] if spec.each else ["CAST(NULL AS INT) __position"]  # with `each`, `unfold` adds it
    return frame.selectExpr(*columns, f"{_file_sql(files, lake)} __file", f"{fresh} __fresh", *place)


def _with_nights(
    spark: SparkSession, source: Source, spec: Input, frame: DataFrame, columns: list[str], files: list[dict[str, Any]]
) -> DataFrame:
    """The columns, and the facts of each row's file, from a join with the list of files."""
    folder = f"raw/{source.name}/"
    facts = pa.table(
        {
            "__key": [file["readable"].removeprefix(folder) for file in files],
            "__file": [file["path"] for file in files],
            "__fresh": [file["same_as"] is None for file in files],
            NIGHT: [date.fromisoformat(file["night"]) for file in files],
            "__end": pa.array([file["end"] for file in files], pa.timestamp("us", "UTC")),
        }
    )
    key = f"url_decode(substring_index(_metadata.file_path, {text('/' + folder)}, -1)) __key"
    place = [] if spec.each else ["CAST(NULL AS INT) __position"]
    file_facts = F.broadcast(spark.createDataFrame(facts))
    return frame.selectExpr(*columns, key, *place).join(file_facts, "__key", "left").drop("__key")


def _file_sql(files: list[dict[str, Any]], lake: Any) -> str:
    """SQL of a row's path in the drop: a constant for one file, else the part of its URL after the night's folder."""
    if len(files) == 1:
        return text(files[0]["path"])
    folder = files[0]["readable"].removesuffix(files[0]["path"])
    return f"url_decode(substring_index(_metadata.file_path, {text('/' + folder)}, -1))"


def _csv(reader: DataFrameReader, spec: Input, urls: list[str], header: list[str]) -> DataFrame:
    options: dict[str, Any] = {
        "header": spec.header,
        "sep": spec.delimiter,
        "quote": spec.quote or "\0",
        "escape": spec.escape or "\0",
        "multiLine": spec.multiline,
        "mode": "PERMISSIVE",
        "columnNameOfCorruptRecord": "__malformed",
        "enforceSchema": True,  # receive_drop has read each file's own header
        "maxCharsPerColumn": -1,
    }
    schema = ", ".join(f"{quoted(name)} STRING" for name in (*header, "__malformed"))
    return reader.options(**options).schema(schema).csv(urls)


def _json_lines(reader: DataFrameReader, urls: list[str], keys: list[str]) -> DataFrame:
    schema = ", ".join(f"{quoted(key)} STRING" for key in (*keys, "__malformed"))
    parsed = f"from_json(value, {text(schema)}, map('mode', 'PERMISSIVE', 'columnNameOfCorruptRecord', '__malformed'))"
    lines = reader.text(urls).where("trim(value) <> ''")
    return lines.selectExpr(f"{parsed} AS j", "value AS __line", "_metadata").selectExpr("j.*", "__line", "_metadata")


def _without_null_tokens(name: str, kind: str, source: Source, spec: Input) -> str:
    """The column, null where it holds a null token. Spark's CSV reader already reads '' as null."""
    tokens = [token for token in source.null_tokens if token or spec.format != "csv"]
    if kind != "string" or name in INTERNAL or not tokens:
        return quoted(name)
    column = quoted(name)
    return f"CASE WHEN {column} IN ({', '.join(map(text, tokens))}) THEN NULL ELSE {column} END {column}"
