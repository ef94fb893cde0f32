"""Hints of validate_source about values that a mapping does not read: what they are, and which key reads them."""

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


def untrusted_ids(seen: pa.Table, spec: Input) -> list[str]:
    """One line for each id column with values that lost digits; its ids cannot be trusted."""
    lines = []
    for name, texts in _refused(seen, "inexact_id").items():
        column = spec.columns.get(name) or spec.derived.get(name) or name
        lines.append(
            f"{name} ({column}) cannot be trusted: {_some(texts)} went through a floating-point number and may have "
            "lost digits, so two ids may be one; ask the shop for text or whole numbers (pandas: Int64, Excel: text)"
        )
    return lines


def hints(seen: pa.Table, spec: Input, source: Source) -> list[str]:
    """Lines that name the key of the mapping for times, numbers and ids that are not read, or are doubtful."""
    kept = seen.filter(pc.is_null(seen["reason"]))
    texts = [text for refused in _refused(seen, "bad_time").values() for text in refused]
    column = "COLUMN" if spec.time is None else f"`{spec.time.column}`" if spec.time.column else f"({spec.time.sql})"
    times = [*_ambiguous_zones(texts), *_time_keys(texts, spec, kept.num_rows > 0)]
    lines = [line.replace("COLUMN", column) for line in times]
    numbers = _refused(seen, "bad_number") or _behind_a_refused_time(seen, spec)
    lines += _number_keys(numbers, spec)
    for name in (c.name for c in spec.targets if c.name.endswith("_id") and c.name in {*spec.columns, *spec.derived}):
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


def _refused(seen: pa.Table, reason: str) -> dict[str, list[str]]:
    """Our column -> the distinct texts that were refused for `reason`, the most frequent first."""
    details = Counter(seen.filter(pc.equal(seen["reason"], reason))["detail"].to_pylist())
    texts: dict[str, list[str]] = {}
    for detail, _ in details.most_common():
        match = re.fullmatch(r"(\w+): (?:saw '(.*)'|(not shown.*))", detail or "", re.DOTALL)
        if match:
            texts.setdefault(match[1], []).append(match[2] if match[2] is not None else match[3])
    return texts


def _behind_a_refused_time(seen: pa.Table, spec: Input) -> dict[str, list[str]]:
    """Our column -> texts that would be refused as numbers, in rows whose first reason is their time."""
    numbers: dict[str, list[str]] = {}
    rows = seen.filter(pc.equal(seen["reason"], "bad_time"))["raw_row"].to_pylist()[:_LOOKED_AT]
    fields = [json.loads(row) for row in rows if spec.format == "csv"]
    for name in (c.name for c in spec.targets if c.type == "float64" and c.name in spec.columns):
        texts = {str(row[spec.columns[name]]).strip() for row in fields if row.get(spec.columns[name])}
        if odd := sorted(text for text in texts if not re.fullmatch(r"[-+]?[0-9]*\.?[0-9]*([eE][-+]?[0-9]+)?", text)):
            numbers[name] = odd
    return numbers


def _some(texts: list[str]) -> str:
    more = f" and {len(texts) - _SHOWN:,} more" if len(texts) > _SHOWN else ""
    return ", ".join(f"'{text}'" for text in texts[:_SHOWN]) + more


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
    """The `format`, `epoch` or `sql` that reads the refused times beside those that the mapping already reads."""
    if spec.time is None:
        return []
    entries = time_entries(texts)
    if not spec.time.format and not spec.time.epoch:
        entries.pop("iso", None)  # ISO is already read; these are refused for a wrong day or an unknown zone
    if not entries:
        return []
    before = list(spec.time.format) or (["iso"] if some_are_read else [])
    if spec.time.epoch:
        before = [f"epoch_{spec.time.epoch}"] if some_are_read else []
    keys = time_keys([*dict.fromkeys([*before, *entries])])
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
    texts = {text: name for name, seen in refused.items() for text in seen if re.search(r"[0-9]", text)}
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
    wanted = [f'{key} = "{signs.most_common(1)[0][0]}"' for key, signs in keys.items() if signs]
    if not wanted or spec.decimal or spec.thousands:
        return []
    sample = next(iter(texts))
    return [f"{texts[sample]} is written with signs or marks, '{sample}'; write {', '.join(wanted)} in [{spec.which}]"]


def _doubtful_ids(name: str, ids: list[str], source: Source) -> list[str]:
    lines = []
    if nothing := [text for text in _NO_IDS if text in set(ids)]:
        tokens = ", ".join(
            f'"{token}"'.replace("\\", "\\\\") for token in dict.fromkeys([*source.null_tokens, *nothing])
        )
        lines.append(f"{name} is {_some(nothing)} in some rows; if that means no value, write null_tokens = [{tokens}]")
    odd = [text for text in ids if _INVISIBLE.search(text)]
    if odd:
        shown = ", ".join(json.dumps(text) for text in odd[:_SHOWN])
        lines.append(
            f"{name} has blanks at an end or invisible characters in {len(odd):,} ids such as {shown}; "
            "they do not join the same ids without them"
        )
    nested = [text for text in ids if text[:1] in ("{", "[") and text[-1:] in ("}", "]")]
    if nested:
        lines.append(f"{name} is an object or an array in {_some(nested)}; name the field of it that holds the id")
    dotted = [text for text in ids if re.fullmatch(r"[0-9]+\.[0-9]+", text)]
    if dotted and name not in source.text_ids:
        lines.append(
            f"{name} has {_some(dotted)}: 2.0 beside them is read as 2, a float's text; if it is an id of its own, "
            f'write text_ids = ["{name}"] at the top of the mapping'
        )
    return lines
