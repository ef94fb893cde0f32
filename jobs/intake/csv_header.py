"""Reads the first line of a CSV file: its fields, their names, and whether another delimiter was meant."""

from __future__ import annotations

import csv

from schemas.sources.mapping import Input

_DELIMITERS = {",": "','", ";": "';'", "\t": "tab", "|": "'|'"}


def split_csv(line: str, spec: Input) -> list[str]:
    """The fields of one CSV line, cut by the mapping's delimiter and quote."""
    if not spec.quote:
        return line.split(spec.delimiter)
    if len(spec.delimiter) > 1:
        return [part.strip(spec.quote) for part in line.split(spec.delimiter)]
    return next(csv.reader([line], delimiter=spec.delimiter, quotechar=spec.quote), [])


def delimiter_hint(fields: list[str], spec: Input) -> str:
    """A hint such as " (delimiter is ','; it looks like ';')" where the fields hold another delimiter, else ''."""
    joined = spec.delimiter.join(fields)
    best = max(_DELIMITERS, key=joined.count)
    if spec.format != "csv" or best == spec.delimiter or joined.count(best) < max(1, 2 * (len(fields) - 1)):
        return ""
    return f" (delimiter is {_DELIMITERS.get(spec.delimiter, repr(spec.delimiter))}; it looks like {_DELIMITERS[best]})"


def distinct_names(names: list[str]) -> list[str]:
    """Header names without outer blanks, all different even without regard to case (Spark ignores case).

    An empty name becomes `column_3` by its position; a repeated name gets a number: `price`, `price_2`.
    """
    distinct: list[str] = []
    for position, raw in enumerate(names, 1):
        name = base = raw.strip() or f"column_{position}"
        number = 2
        while name.casefold() in {earlier.casefold() for earlier in distinct}:
            name, number = f"{base}_{number}", number + 1
        distinct.append(name)
    return distinct
