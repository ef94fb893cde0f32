"""data.html: the rules of every table with the values seen, and samples of rejected rows by reason, masked."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from jobs.pages.blocks import Cell, Page, Rows, Section, Words, number, plain
from jobs.pages.code_words import REJECTED, words_of
from jobs.pages.masked_rows import masked
from jobs.pages.night_facts import NightFacts
from jobs.runtime.lake import Version
from jobs.runtime.parquet_files import parquet_file
from schemas.table import Column, Table
from schemas.tables import REJECTED_EVENTS, REJECTED_ITEMS, REJECTED_USERS, STORED

_FILES = 50  # the statistics of so many files of a table are read
_OF_A_REASON = 3  # rejected rows shown for each reason
_LOOKED_AT = 20_000  # the first rejected rows, from which they are chosen
_RULES = [
    Words("Table", "表"),
    Words("Rows", "行数"),
    Words("Column", "列"),
    Words("Rule", "规则"),
    Words("Seen", "所见"),
    Words("Check", "检查"),
]
_REJECTED = [
    Words("Reason", "原因"),
    Words("Value seen", "所见的值"),
    Words("Row", "行"),
    Words("File", "文件"),
]
_PASSED, _FAILED = Words("passed", "通过"), Words("not passed", "未通过")


def data_page(facts: NightFacts) -> Page:
    tables = [table for table in STORED if facts.version(table)]
    rows = [row for table in tables for row in _rules(facts, table)]
    bound = Words(
        f"All {len(rows):,} rules of the {len(tables)} tables of tonight. Values seen come from the statistics of "
        f"up to {_FILES} files of each table.",
        f"今夜 {len(tables)} 个表的全部 {len(rows):,} 条规则。所见的值来自每表至多 {_FILES} 个文件的统计。",
    )
    sections = [
        _sample(facts, table) for table in (REJECTED_EVENTS, REJECTED_ITEMS, REJECTED_USERS) if facts.count(table)
    ]
    rules = Section(
        "rules",
        Words("Rules and values seen", "规则与所见的值"),
        [Rows(_RULES, rows, bound, searched=True)],
        "schemas/README.md",
    )
    broken = _broken(facts)
    return Page("data", Words("Data quality", "数据质量"), [], [*broken, *sections, rules])


def _broken(facts: NightFacts) -> list[Section]:
    failed = {job: error for job, error in facts.errors.items() if job.startswith("check_")}
    if not failed:
        return []
    head = [Words("Check", "检查任务"), Words("Rules broken", "违反的规则")]
    lines: list[list[Cell]] = [
        [job, plain(line, 400)] for job, error in failed.items() for line in error.splitlines()[:30]
    ]
    return [Section("broken", Words("Broken rules", "违反的规则"), [Rows(head, lines)], "runs")]


def _rules(facts: NightFacts, table: Table) -> Iterator[list[Cell]]:
    version = facts.version(table)
    if version is None:
        return
    statistics = _statistics(facts, version)
    is_current = facts.lake.current(table, facts.day) == version
    for column in table.columns:
        if rule := _rule(column):
            values_seen = _seen(column, statistics.get(column.name, []), version.rows)
            yield [table.name, number(version.rows), column.name, rule, values_seen, _PASSED if is_current else _FAILED]


def _rule(column: Column) -> Words | None:
    """The rules of a column in words; None where it may have any value."""
    english, chinese = [], []
    if not column.nullable:
        english, chinese = ["never empty"], ["不为空"]
    if column.one_of:
        values = ", ".join(column.one_of)
        english.append(f"one of {values}")
        chinese.append(f"取值于 {values}")
    if column.min is not None or column.max is not None:
        low, high = ("" if end is None else f"{end:g}" for end in (column.min, column.max))
        english.append(f"{low} to {high}" if low and high else f"{low} or more" if low else f"{high} or less")
        chinese.append(f"{low} 至 {high}" if low and high else f"不小于 {low}" if low else f"不大于 {high}")
    return Words("; ".join(english), "；".join(chinese)) if english else None


def _statistics(facts: NightFacts, version: Version) -> dict[str, list[Any]]:
    """Column -> its statistics in Parquet, one for each row group of a file; rows are not read."""
    statistics: dict[str, list[Any]] = defaultdict(list)
    for path in facts.lake.file_paths(version)[:_FILES]:
        metadata = parquet_file(facts.lake, path).metadata
        for group in range(metadata.num_row_groups):
            for column in range(metadata.num_columns):
                part = metadata.row_group(group).column(column)
                if part.statistics is not None:
                    statistics[part.path_in_schema].append(part.statistics)
    return statistics


def _seen(column: Column, statistics: list[Any], rows: int) -> Words:
    if not rows:
        return Words("no rows", "没有行")
    nulls = sum(part.null_count or 0 for part in statistics)
    english, chinese = [f"{nulls:,} empty"], [f"空 {nulls:,}"]
    bounds = [part for part in statistics if part.has_min_max]
    if bounds and column.type in ("int32", "int64", "float32", "float64"):
        low, high = min(part.min for part in bounds), max(part.max for part in bounds)
        english.append(f"{low:,.6g} to {high:,.6g}")
        chinese.append(f"{low:,.6g} 至 {high:,.6g}")
    return Words(", ".join(english), "，".join(chinese))


def _sample(facts: NightFacts, table: Table) -> Section:
    """Some rows of each reason, with personal data masked; a long row is cut."""
    of_reason: dict[str, list[list[Cell]]] = defaultdict(list)
    for row in facts.first_rows(table, _LOOKED_AT).to_pylist():
        if len(of_reason[row["reason"]]) < _OF_A_REASON:
            detail = masked(row["detail"] or "")
            of_reason[row["reason"]].append(
                [
                    words_of(row["reason"], REJECTED),
                    plain(detail),
                    plain(masked(row["raw_row"]), 300),
                    plain(row["source_file"]),
                ]
            )
    rows = [line for reason in sorted(of_reason) for line in of_reason[reason]]
    bound = Words(
        f"{len(rows)} of {facts.count(table):,} rejected rows: up to {_OF_A_REASON} of each reason.",
        f"{facts.count(table):,} 行被拒绝，列出 {len(rows)} 行：每个原因至多 {_OF_A_REASON} 行。",
    )
    name = table.name.removeprefix("rejected_")
    title = Words(f"Rejected rows of {name}", f"{_NAMES[name]}的拒绝行")
    return Section(table.name, title, [Rows(_REJECTED, rows, bound, searched=True)], table.name)


_NAMES = {"events": "事件", "items": "商品", "users": "用户"}
