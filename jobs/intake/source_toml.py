"""Writes guesses about a shop's files as a mapping in TOML; a comment with a `?` marks each line to check."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from jobs.intake.source_guess import Guess
from jobs.intake.source_samples import Sample
from jobs.intake.source_words import event_type_of
from schemas.tables.events import EVENT_TYPES

_LINES_ITEMS = ("title", "title_zh", "description", "category", "brand", "price", "attributes")
_OF_USERS = ("country", "city", "age", "gender", "member_level", "email", "phone")


def as_toml(
    name: str,
    raw: str,
    guesses: dict[str, Guess],
    others: list[str],
    seen_items: dict[str, str],
    seen_users: dict[str, str],
) -> str:
    """The mapping. `others` are files that fit none of the three inputs. `seen_items` and `seen_users` are columns of
    the events about items and users, for `from = "events"`."""
    events = guesses["events"]
    nulls = sorted({n for g in guesses.values() for n in g.nulls})
    lines = [
        f"# Guessed from the files in {raw}. Check each line with a ?, then run",
        f"#   python -m jobs validate_source --source THIS_FILE --raw {raw}",
        *(f"# not used: {line}" for line in others),
        f"name = {_text(name)}",
        'timezone = "UTC"  # ? the zone of times that carry none, such as "Europe/Berlin"',
        *([f"null_tokens = {json.dumps(['', *nulls])}"] if nulls else []),
        "",
        *_input(events),
    ]
    for which in ("items", "users"):
        if which in guesses:
            lines += ["", *_input(guesses[which])]
    if seen_items and "items" not in guesses:
        lines += ["", *_from_events("items", events, seen_items)]
    if seen_users and "users" not in guesses:
        lines += ["", *_from_events("users", events, seen_users)]
    return "\n".join(lines) + "\n"


def of_events(events: Guess, about: Guess, which: str) -> dict[str, str]:
    """Columns of the events about items or users, for an input `from = "events"`; empty where there are none."""
    names = _LINES_ITEMS if which == "items" else _OF_USERS
    key = "item_id" if which == "items" else "user_id"
    used = {theirs for ours, theirs in events.columns.items() if ours != "price"}
    used |= {*events.personal, events.time.get("column", "")}
    columns = {n: about.columns[n] for n in names if n in about.columns and about.columns[n] not in used}
    if key not in events.columns or not columns.keys() - {"price"}:
        return {}
    return {key: events.columns[key], **columns}


def _input(made: Guess) -> Iterator[str]:
    """The lines of [events], [items] or [users]."""
    yield f"[{made.which}]"
    yield from _reading(made.sample)
    yield from _values(made)
    yield from _columns(made)
    if made.derived:
        yield f"[{made.which}.derived]"
        yield from (f"{ours} = {_text(sql)}  # ? guessed from the values" for ours, sql in made.derived.items())
    if made.which != "users" and (unused := _unused(made)):
        yield f"# kept as {'attributes' if made.which == 'items' else 'extra'}: {', '.join(unused[:30])}"
    yield from _event_types(made)


def _reading(sample: Sample) -> Iterator[str]:
    """Which files, and how they are read."""
    yield f"files = {_text(sample.pattern)}"
    if sample.format != "csv":
        yield f"format = {_text(sample.format)}"
    elif sample.delimiter != ",":
        yield f"delimiter = {_text(sample.delimiter)}"
    if sample.encoding != "utf-8":
        yield f"encoding = {_text(sample.encoding)}"
    if not sample.header:
        yield "header = false"
        yield f"column_names = {json.dumps(sample.names, ensure_ascii=False)}  # ? the first line holds values"


def _values(made: Guess) -> Iterator[str]:
    """How values are written, and what holds for all rows."""
    if made.decimal == ",":
        yield 'decimal = ","'
    if made.thousands:
        yield f"thousands = {_text(made.thousands)}"
    if made.each:
        yield f"each = {_text(made.each)}  # one row for each element of this array"
    if made.which == "items" and "snapshot" in made.notes:
        yield "snapshot = true  # ? each file lists the whole catalogue: a missing item was withdrawn"
    if made.personal:
        yield f"personal = {json.dumps(made.personal, ensure_ascii=False)}  # stored nowhere"
    if made.time:
        keys = ", ".join(f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in made.time.items())
        question = "  # ? day first or month first: no value shows it" if "day_or_month" in made.notes else ""
        yield f"time = {{ {keys} }}{question}"
    constants = {"event_type": made.event_type} if made.event_type else {}
    constants |= {"currency": made.currency} if made.currency else {}
    if constants:
        question = "  # ? no column holds it" if made.event_type else ""
        yield f"constants = {{ {', '.join(f'{k} = {_text(v)}' for k, v in constants.items())} }}{question}"
    if "price" in made.columns and not made.currency and "currency" not in made.columns:
        yield f'# constants: no column holds the currency; add it to [{made.which}], such as currency = "EUR"'


def _columns(made: Guess) -> Iterator[str]:
    yield f"[{made.which}.columns]"
    for ours, theirs in made.columns.items():
        if ours in made.hashed:
            value = f"{{ column = {_text(theirs)}, personal = true }}"
            yield f"{ours} = {value}  # an e-mail address: set NIGHTMARKET_HMAC_KEY to hash it"
        else:
            yield f"{ours} = {_text(theirs)}{_example(made, theirs)}"


def _unused(made: Guess) -> list[str]:
    """Columns of the sample that nothing in the mapping names."""
    used = {*made.columns.values(), *made.personal, made.time.get("column"), made.each}
    in_sql = " ".join([*made.derived.values(), made.time.get("sql", "")])
    return [name for name in made.sample.columns if name not in used and f"`{name}`" not in in_sql]


def _event_types(made: Guess) -> Iterator[str]:
    if not made.event_types:
        return
    pairs, unknown = [], []
    for theirs, count in made.event_types.most_common(40):
        ours = theirs if theirs in EVENT_TYPES else event_type_of(theirs)
        if ours is None:
            unknown.append((theirs, count))
        elif ours != theirs:
            pairs.append(f"{_key(theirs)} = {_text(ours)}  # seen {count:,} times")
    if pairs:
        yield f"[{made.which}.event_types]"
        yield from pairs
    if unknown:
        yield f"[{made.which}.reject]  # ? what are these? map them above to one of {', '.join(EVENT_TYPES)}"
        column = made.columns["event_type"]
        listed = ", ".join("'" + name.replace("\\", "\\\\").replace("'", "\\'") + "'" for name, _ in unknown)
        yield f"not_an_action = {_text(f'`{column}` IN ({listed})')}"


def _from_events(which: str, events: Guess, columns: dict[str, str]) -> Iterator[str]:
    yield f"[{which}]"
    yield 'from = "events"'
    if "price" in columns and events.currency:
        yield f"constants = {{ currency = {_text(events.currency)} }}"
    yield f"[{which}.columns]"
    for ours, theirs in columns.items():
        hashed = ours in events.hashed
        yield f"{ours} = " + (f"{{ column = {_text(theirs)}, personal = true }}" if hashed else _text(theirs))


def _example(made: Guess, theirs: str) -> str:
    """A short value of the column as a comment; none of a user."""
    values = [str(v) for v in made.sample.columns.get(theirs, []) if v not in (None, "")]
    shown = next((v for v in values if len(v) <= 30 and v.isprintable()), None)
    return f"  # such as {shown}" if shown and made.which != "users" else ""


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _text(name)
