"""Hints of validate_source about values that a mapping cannot read: what they are, and which key would read them."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from jobs.intake.time_forms import (
    WITHOUT_WEEKDAY,
    has_weekday,
    month_first,
    time_entries,
    time_keys,
)
from schemas.sources.mapping import Input, Source
from schemas.zones import AMBIGUOUS

_SHOWN = 3
_LOOKED_AT = 500  # rejected rows
_NO_IDS = ["nan", "NaN", "NAN", "none", "None", "NONE", "null", "NULL", "undefined", "N/A", "#N/A", "<NA>", "\\N"]
_INVISIBLE = re.compile("^\\s|\\s$|[\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff\u00ad]")
_GROUPS = r"[0-9]{1,3}(?:([.,'’\s])[0-9]{3})+"


def untrusted_ids(rows: pa.Table, spec: Input) -> list[str]:
    """One line for each id column with values that lost digits; its ids cannot be trusted."""
    lines = []
    for name, texts in _refused(rows, "inexact_id").items():
        column = spec.columns.get(name) or spec.derived.get(name) or name
        lines.append(
            f"{name} ({column}) cannot be trusted: {_first_texts(texts)} went through a floating-point number and may "
            "have lost digits, so two ids may be one; ask the shop for text or whole numbers (pandas: Int64, "
            "Excel: text)"
        )
    return lines


def hints(rows: pa.Table, spec: Input, source: Source) -> list[str]:
    """Lines about unreadable or doubtful times, numbers and ids; each names the key of the mapping that helps."""
    kept = rows.filter(pc.is_null(rows["reason"]))
    texts = [text for refused in _refused(rows, "bad_time").values() for text in refused]
    column = "COLUMN" if spec.time is None else f"`{spec.time.column}`" if spec.time.column else f"({spec.time.sql})"
    times = [*_ambiguous_zones(texts), *_time_keys(texts, spec, kept.num_rows > 0)]
    lines = [line.replace("COLUMN", column) for line in times]
    numbers = _refused(rows, "bad_number") or _numbers_in_rows_with_bad_time(rows, spec)
    lines += _number_keys(numbers, spec)
    for name in (
        target.name
        for target in spec.targets
        if target.name.endswith("_id") and target.name in {*spec.columns, *spec.derived}
    ):
        lines += _doubtful_ids(name, kept[name].unique().drop_null().to_pylist(), source)
    return lines


def clock_line(observed: dict[str, Any]) -> str:
    """How many times fall into hours that the shop's clock showed twice or never; empty where none do."""
    twice, missing = observed.get("hour_twice", 0), observed.get("hour_missing", 0)
    if not twice and not missing:
        return ""
    return (
        f"  clocks change: {twice:,} times in an hour that came twice (the first is taken), {missing:,} in an hour "
        "that did not exist (an hour later is taken); only times with a zone are certain in these hours\n"
    )


def _refused(rows: pa.Table, reason: str) -> dict[str, list[str]]:
    """Our column -> the distinct texts that were refused for `reason`, the most frequent first."""
    details = Counter(rows.filter(pc.equal(rows["reason"], reason))["detail"].to_pylist())
    texts: dict[str, list[str]] = {}
    for detail, _ in details.most_common():
        match = re.fullmatch(r"(\w+): (?:saw '(.*)'|(not shown.*))", detail or "", re.DOTALL)
        if match:
            texts.setdefault(match[1], []).append(match[2] if match[2] is not None else match[3])
    return texts


def _numbers_in_rows_with_bad_time(rows: pa.Table, spec: Input) -> dict[str, list[str]]:
    """Our column -> texts that would be refused as numbers, in rows that were already rejected for their time."""
    numbers: dict[str, list[str]] = {}
    raw_rows = rows.filter(pc.equal(rows["reason"], "bad_time"))["raw_row"].to_pylist()[:_LOOKED_AT]
    field_values = [json.loads(row) for row in raw_rows if spec.format == "csv"]
    for name in (target.name for target in spec.targets if target.type == "float64" and target.name in spec.columns):
        texts = {str(row[spec.columns[name]]).strip() for row in field_values if row.get(spec.columns[name])}
        if unreadable := sorted(
            text for text in texts if not re.fullmatch(r"[-+]?[0-9]*\.?[0-9]*([eE][-+]?[0-9]+)?", text)
        ):
            numbers[name] = unreadable
    return numbers


def _first_texts(texts: list[str]) -> str:
    rest_note = f" and {len(texts) - _SHOWN:,} more" if len(texts) > _SHOWN else ""
    return ", ".join(f"'{text}'" for text in texts[:_SHOWN]) + rest_note


def _ambiguous_zones(texts: list[str]) -> list[str]:
    lines = []
    for name, zones in AMBIGUOUS.items():
        if any(re.search(rf"(?<![A-Za-z]){name}(?![A-Za-z])", text) for text in texts):
            lines.append(
                f"{name} is {' or '.join(zones)}: say which, for example time = "
                f"{{ sql = \"replace(COLUMN, '{name}', '{zones[0]}')\" }}"
            )
    return lines


def _time_keys(texts: list[str], spec: Input, some_are_read: bool) -> list[str]:
    """The `format`, `epoch` or `sql` that reads the refused times and those that the mapping already reads."""
    if spec.time is None:
        return []
    entries = time_entries(texts)
    if not spec.time.format and not spec.time.epoch:
        entries.pop("iso", None)  # ISO is already read; these are refused for a wrong day or an unknown zone
    if not entries:
        return []
    entries_before = list(spec.time.format) or (["iso"] if some_are_read else [])
    if spec.time.epoch:
        entries_before = [f"epoch_{spec.time.epoch}"] if some_are_read else []
    keys = time_keys([*dict.fromkeys([*entries_before, *entries])])
    key = ", ".join(f"{name} = {json.dumps(value)}" for name, value in keys.items())
    shown = "; ".join(f"'{text}' is {entry}" for entry, text in entries.items())
    if any(has_weekday(text) for text in entries.values()):
        key = f'time = {{ sql = "{WITHOUT_WEEKDAY}", {key} }}'
        lines = [f"times not read: {shown}, without the weekday; write {key} in [{spec.which}]"]
    else:
        lines = [f"times not read: {shown}; write {key} in [{spec.which}.time]"]
    if month_first(entries):
        lines.append("these times do not show which part is the day; ask the shop, and keep one of the two")
    return lines


def _number_keys(refused: dict[str, list[str]], spec: Input) -> list[str]:
    """The `decimal` and `thousands` that read numbers as people write them."""
    texts = {
        text: name for name, refused_texts in refused.items() for text in refused_texts if re.search(r"[0-9]", text)
    }
    decimals, thousands = Counter[str](), Counter[str]()
    for text in texts:
        body = re.sub(r"^\D+|[^0-9]+$", "", text)
        group = re.match(_GROUPS + r"(?![0-9])", body)
        if group and (group[1] not in ".," or len(set(re.findall("[.,]", body))) == 2 or body.count(group[1]) > 1):
            thousands[" " if group[1].isspace() else group[1].replace("’", "'")] += 1
            body = body[group.end() :]
        if mark := re.fullmatch(r"[0-9]*([.,])[0-9]*", body):
            decimals[mark[1]] += 1
        elif re.fullmatch("[0-9]+", body) and body != text:
            decimals["."] += 0  # a whole number with a currency sign: any `decimal` reads it
    keys = {"decimal": decimals, "thousands": thousands}
    if thousands["."] and not decimals:
        decimals[","] += 1
    settings = [f'{key} = "{signs.most_common(1)[0][0]}"' for key, signs in keys.items() if signs]
    if not settings or spec.decimal or spec.thousands:
        return []
    sample = next(iter(texts))
    return [
        f"{texts[sample]} is written with signs or marks, '{sample}'; write {', '.join(settings)} in [{spec.which}]"
    ]


def _doubtful_ids(name: str, ids: list[str], source: Source) -> list[str]:
    lines = []
    if empty_words := [text for text in _NO_IDS if text in set(ids)]:
        tokens = ", ".join(
            f'"{token}"'.replace("\\", "\\\\") for token in dict.fromkeys([*source.null_tokens, *empty_words])
        )
        lines.append(
            f"{name} is {_first_texts(empty_words)} in some rows; if that means no value, "
            f"write null_tokens = [{tokens}]"
        )
    invisible = [text for text in ids if _INVISIBLE.search(text)]
    if invisible:
        shown = ", ".join(json.dumps(text) for text in invisible[:_SHOWN])
        lines.append(
            f"{name} has blanks at an end or invisible characters in {len(invisible):,} ids such as {shown}; "
            "they do not join the same ids without them"
        )
    nested = [text for text in ids if text[:1] in ("{", "[") and text[-1:] in ("}", "]")]
    if nested:
        lines.append(
            f"{name} is an object or an array in {_first_texts(nested)}; name the field of it that holds the id"
        )
    dotted = [text for text in ids if re.fullmatch(r"[0-9]+\.[0-9]+", text)]
    if dotted and name not in source.text_ids:
        lines.append(
            f"{name} has {_first_texts(dotted)}: in such a column 2.0 is read as 2, as if it were a float; if 2.0 is "
            f'an id, write text_ids = ["{name}"] at the top of the mapping'
        )
    return lines
