"""Reads received files into one Spark frame of the SHOP'S columns, untyped: strings from text files, Parquet as stored.

The frame also has `__file` (path in the drop), `__fresh` (false if an earlier night received the same bytes),
`__malformed` (the whole line, if it cannot be cut into the header's fields) and, for JSON lines, `__line`. With `each`
there is one row for each element of the array: the array's column holds the element, `__position` its number, from 1.
"""

from __future__ import annotations

import re
from datetime import date
from functools import reduce
from typing import Any

import pyarrow as pa
from py4j.protocol import Py4JJavaError
from pyspark.errors import AnalysisException, PySparkException
from pyspark.sql import DataFrame, DataFrameReader, SparkSession
from pyspark.sql import functions as F

from jobs.intake.column_paths import head, needed
from jobs.intake.file_facts import DropError
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
            groups.setdefault((layout(file), _below(f"raw/{source.name}/", file)), []).append(file)
            continue
        folder = file["readable"].removesuffix(file["path"])
        own_name = file["path"] if folder == file["readable"] else _below(folder, file)  # or under another name
        groups.setdefault((layout(file), own_name, file["same_as"] is None), []).append(file)
    frames = [
        unfold(_scan_group(spark, source, spec, group, lake), source, which, group[0]["header"])
        for group in groups.values()
    ]
    try:
        union = reduce(lambda left, right: left.unionByName(right, allowMissingColumns=True), frames)
    except AnalysisException as error:
        _refuse_types(files, error)
        raise
    return union.selectExpr(*(_without_null_tokens(name, kind, source, spec) for name, kind in union.dtypes))


def _refuse_types(files: list[dict[str, Any]], error: AnalysisException) -> None:
    """Raises DropError for a column of Parquet whose types in several files do not go together."""
    first: dict[str, tuple[str, str]] = {}  # column -> the type in the first file that has it, and the file
    unlike = []
    for file in files:
        for column, kind in file["types"].items():
            earlier_kind, earlier_path = first.setdefault(column.casefold(), (kind, file["path"]))
            if earlier_kind != kind:
                unlike.append(f"'{column}' is {earlier_kind} in {earlier_path} and {kind} in {file['path']}")
    if unlike:
        raise DropError(
            f"files that are read together have types that do not go together: {'; '.join(unlike[:5])}; ask the shop "
            f"to deliver them with one type ({str(error).splitlines()[0]})"
        ) from None


def layout(file: dict[str, Any]) -> tuple:
    """The columns of a file and, for Parquet, their types. Files with the same layout can be read together."""
    return tuple(file["header"]), tuple(sorted(file["types"].items()))


def _scan_group(spark: SparkSession, source: Source, spec: Input, files: list[dict[str, Any]], lake: Any) -> DataFrame:
    urls = [lake.url(file["readable"]) for file in files]
    header = files[0]["header"]
    if spec.format == "parquet":
        if any("[ns" in kind for kind in files[0]["types"].values()):
            spark.conf.set("spark.sql.legacy.parquet.nanosAsLong", "true")  # pandas writes nanoseconds; read as int64
        frame = _parquet(raw_reader(spark, lake, urls), urls, files)
        columns = [quoted(column) for column in frame.columns] + [
            "CAST(NULL AS STRING) __malformed",
            "CAST(NULL AS STRING) __line",
        ]
    elif spec.format == "jsonl":
        spellings = _spellings(header, needed(source, spec.which), sorted(spec.sql_words))
        frame = _json_lines(raw_reader(spark, lake, urls), urls, spellings)
        columns = [_first_of(spelt) for spelt in spellings] + ["__malformed", "__line"]
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
    key = f"{_below(folder, files[0])} __key"
    place = [] if spec.each else ["CAST(NULL AS INT) __position"]
    file_facts = F.broadcast(spark.createDataFrame(facts))
    return frame.selectExpr(*columns, key, *place).join(file_facts, "__key", "left").drop("__key")


def _file_sql(files: list[dict[str, Any]], lake: Any) -> str:
    """SQL of a row's path in the drop: a constant for one file, else the part of its URL after the night's folder."""
    if len(files) == 1:
        return text(files[0]["path"])
    return _below(files[0]["readable"].removesuffix(files[0]["path"]), files[0])


def _below(folder: str, file: dict[str, Any]) -> str:
    """SQL of the part of a row's URL after `folder`, a folder of the lake that the file is in.

    A shop's own folders may have the same names once more. No character of that part is encoded in a URL, since
    drop_files stores other names under a hash; a + stays a +.
    """
    sign = f"/{folder}"
    times = len(re.findall(f"(?={re.escape(sign)})", f"/{file['readable']}"))
    return f"substring_index(_metadata.file_path, {text(sign)}, -{times})"


def _parquet(raw: DataFrameReader, urls: list[str], files: list[dict[str, Any]]) -> DataFrame:
    """Raises DropError where Spark cannot read the type of a column, even of one that no mapping names."""
    try:
        return raw.parquet(*urls)
    except (PySparkException, Py4JJavaError) as error:
        unread = re.search(r"(Illegal|Unrecognized) Parquet type:? ?[^\n]*|Parquet type not[^\n]*", str(error))
        if unread is None:
            raise
        columns = ", ".join(f"'{column}' is {kind}" for column, kind in files[0]["types"].items())
        raise DropError(
            f"{files[0]['path']} has a column that Spark cannot read ({unread[0]}); ask the shop to write it as text "
            f"or as a number, or to leave it out; its columns: {columns}"
        ) from None


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


def _spellings(header: list[str], named: list[str], sql_words: list[str]) -> list[list[str]]:
    """The spellings of each key to be read, without regard to case. The header is a sample: it may lack a rare key.

    A word of the SQL adds no spelling to a known key: it may be a keyword, such as `case` beside `CASE`.
    """
    spellings: dict[str, list[str]] = {}
    for key in dict.fromkeys((*header, *(name if name in header else head(name) for name in named))):
        spellings.setdefault(key.casefold(), []).append(key)
    for word in sql_words:
        key = word if word in header else head(word)
        spellings.setdefault(key.casefold(), [key])
    return list(spellings.values())


def _json_lines(reader: DataFrameReader, urls: list[str], spellings: list[list[str]]) -> DataFrame:
    """A column for the first spelling of each key: Spark's columns may not differ by case alone."""
    schema = ", ".join(f"{quoted(key)} STRING" for key in (*(first for first, *_ in spellings), "__malformed"))
    parsed = f"from_json(value, {text(schema)}, map('mode', 'PERMISSIVE', 'columnNameOfCorruptRecord', '__malformed'))"
    lines = reader.text(urls).where("trim(value) <> ''")
    return lines.selectExpr(f"{parsed} AS j", "value AS __line", "_metadata").selectExpr("j.*", "__line", "_metadata")


def _first_of(spellings: list[str]) -> str:
    """SQL of a JSON key that lines write as userId and as userid, for example: the first that has a value."""
    first, *others = spellings
    if not others:
        return quoted(first)
    values = ", ".join(f"try_element_at(from_json(__line, 'map<string,string>'), {text(other)})" for other in others)
    return f"coalesce({quoted(first)}, {values}) {quoted(first)}"


def _without_null_tokens(name: str, kind: str, source: Source, spec: Input) -> str:
    """The column, null where it holds a null token. In CSV '' is one: Spark's reader reads it as null, except in arrays
    and objects within a field."""
    tokens = [token for token in source.null_tokens if token or spec.format != "csv"]
    if spec.format == "csv" and (spec.each or "." in name):
        tokens.append("")
    if kind != "string" or name in INTERNAL or not tokens:
        return quoted(name)
    column = quoted(name)
    return f"CASE WHEN {column} IN ({', '.join(map(text, tokens))}) THEN NULL ELSE {column} END {column}"
