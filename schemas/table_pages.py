"""Declared tables and rejection reasons as Markdown, written into schemas/README.md. Stdlib only.

A generated page stands between two markers, each on its own line; the whole page is replaced:

    <!-- tables:begin -->
    <!-- tables:end -->
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from schemas.rejection_reasons import READ_REASONS, VISIT_REASONS
from schemas.sources.mapping import TARGETS, target_columns
from schemas.table import PRODUCTS, Column, Table
from schemas.tables import STORED


def update(text: str) -> str:
    """`text` with every page generated again. ValueError where a page's markers are missing, doubled or reversed."""
    for name, page in PAGES.items():
        text = splice(text, name, page())
    return text


def splice(text: str, name: str, page: str) -> str:
    """`text` with `page` between the markers of `name`; every other byte stays as it is."""
    begin, end = f"<!-- {name}:begin -->", f"<!-- {name}:end -->"
    for marker in (begin, end):
        if (count := text.count(marker)) != 1:
            raise ValueError(f"expected the marker {marker} once, saw it {count} times; put it on a line of its own")
    before, _, after_begin = text.partition(begin)
    if end not in after_begin:
        raise ValueError(f"{end} stands before {begin}; exchange them")
    return f"{before}{begin}\n{page.strip()}\n{end}{after_begin.partition(end)[2]}"


def tables_page() -> str:
    """Published tables in full, by product; other tables in one line each; the columns a mapping may fill, folded."""
    parts = [table_page(table) for product in PRODUCTS for table in STORED if table.product == product]
    parts += ["### Inner tables", _inner_tables(table for table in STORED if not table.product)]
    parts += [_folded(f"What a mapping may fill: {which}", _columns(target_columns(which))) for which in TARGETS]
    return "\n\n".join(parts)


def table_page(table: Table) -> str:
    """One table in full: grain, key, readers, version, and a row for each column."""
    key = ", ".join(f"`{name}`" for name in table.key) or "none"
    product = f"Published in: {table.product}. " if table.product else ""
    facts = f"One row is {table.grain}.\n{product}Key: {key}. Read by: {table.readers}. Schema version {table.version}."
    return f"### {table.name}\n\n{facts}\n\n{_columns(table.columns)}"


def reasons_page() -> str:
    """Reasons of single rows, in the order in which they are tested."""
    return _markdown(
        ("reason", "what it means"), ((f"`{name}`", doc) for name, doc in {**READ_REASONS, **VISIT_REASONS}.items())
    )


PAGES: dict[str, Callable[[], str]] = {"tables": tables_page, "reasons": reasons_page}


def _inner_tables(tables: Iterable[Table]) -> str:
    rows = (
        (f"`{t.name}`", t.grain, ", ".join(f"`{k}`" for k in t.key) or "none", f"{t.checked_at}", t.readers)
        for t in tables
    )
    return _markdown(("table", "one row is", "key", "gate", "read by"), rows)


def _columns(columns: Iterable[Column]) -> str:
    rows = ((f"`{c.name}`", c.type + (", null" if c.nullable else ""), _meaning(c)) for c in columns)
    return _markdown(("column", "type", "meaning"), rows)


def _meaning(column: Column) -> str:
    """The column's sentence and the rules that its gate checks."""
    rules = ["Inner: it is not in `published/`."] if column.inner else []
    if column.one_of:
        rules.append("One of " + ", ".join(f"`{value}`" for value in column.one_of) + ".")
    if column.min is not None and column.max is not None:
        rules.append(f"{column.min:g} to {column.max:g}.")
    elif column.min is not None:
        rules.append(f"{column.min:g} or more.")
    elif column.max is not None:
        rules.append(f"At most {column.max:g}.")
    return " ".join([column.doc, *rules])


def _folded(title: str, body: str) -> str:
    return f"<details><summary>{title}</summary>\n\n{body}\n\n</details>"


def _markdown(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *(tuple(map(_cell, row)) for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _cell(text: str) -> str:
    """Text that is safe in a cell: a bar would end the cell, and a line break would end the table."""
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")
