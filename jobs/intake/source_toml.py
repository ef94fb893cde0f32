"""Writes guesses about a shop's files as a mapping in TOML. A comment with a `?` marks each line to check."""

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
    other_files: list[str],
    seen_items: dict[str, str],
    seen_users: dict[str, str],
) -> str:
    """The mapping in TOML. other_files: files that fit none of the three inputs. seen_items, seen_users: columns of the
    events about items and users, for `from = "events"`."""
    events = guesses["events"]
    nulls = sorted({token for guessed in guesses.values() for token in guessed.nulls})
    lines = [
        f"# Guessed from the files in {raw}. Check each line with a ?, then run",
        f"#   python -m jobs validate_source --source THIS_FILE --raw {raw}",
        *(f"# not used: {line}" for line in other_files),
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


def of_events(events: Guess, guessed: Guess, which: str) -> dict[str, str]:
    """Columns of the events about items or users, for an input `from = "events"`; empty where there are none."""
    names = _LINES_ITEMS if which == "items" else _OF_USERS
    key = "item_id" if which == "items" else "user_id"
    used_columns = {shop_column for our_column, shop_column in events.columns.items() if our_column != "price"}
    used_columns |= {*events.personal, events.time.get("column", "")}
    columns = {
        name: guessed.columns[name]
        for name in names
        if name in guessed.columns and guessed.columns[name] not in used_columns
    }
    if key not in events.columns or not columns.keys() - {"price"}:
        return {}
    return {key: events.columns[key], **columns}


def _input(guessed: Guess) -> Iterator[str]:
    """The lines of [events], [items] or [users]."""
    yield f"[{guessed.which}]"
    yield from _reading(guessed.sample)
    yield from _values(guessed)
    yield from _columns(guessed)
    if guessed.derived:
        yield f"[{guessed.which}.derived]"
        yield from (
            f"{our_column} = {_text(sql)}  # ? guessed from the values" for our_column, sql in guessed.derived.items()
        )
    if guessed.which != "users" and (unused := _unused(guessed)):
        yield f"# kept as {'attributes' if guessed.which == 'items' else 'extra'}: {', '.join(unused[:30])}"
    yield from _event_types(guessed)


def _reading(sample: Sample) -> Iterator[str]:
    """The lines that say which files are read, and how."""
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


def _values(guessed: Guess) -> Iterator[str]:
    """The lines that say how values are written, and what is the same for all rows."""
    if guessed.decimal == ",":
        yield 'decimal = ","'
    if guessed.thousands:
        yield f"thousands = {_text(guessed.thousands)}"
    if guessed.each:
        yield f"each = {_text(guessed.each)}  # one row for each element of this array"
    if guessed.which == "items" and "snapshot" in guessed.notes:
        yield "snapshot = true  # ? each file lists the whole catalogue: a missing item was withdrawn"
    if guessed.personal:
        yield f"personal = {json.dumps(guessed.personal, ensure_ascii=False)}  # stored nowhere"
    if guessed.time:
        keys = ", ".join(f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in guessed.time.items())
        question = "  # ? day first or month first: no value shows it" if "day_or_month" in guessed.notes else ""
        yield f"time = {{ {keys} }}{question}"
    constants = {"event_type": guessed.event_type} if guessed.event_type else {}
    constants |= {"currency": guessed.currency} if guessed.currency else {}
    if constants:
        question = "  # ? no column holds it" if guessed.event_type else ""
        yield f"constants = {{ {', '.join(f'{name} = {_text(text)}' for name, text in constants.items())} }}{question}"
    if "price" in guessed.columns and not guessed.currency and "currency" not in guessed.columns:
        yield f'# constants: no column holds the currency; add it to [{guessed.which}], such as currency = "EUR"'


def _columns(guessed: Guess) -> Iterator[str]:
    yield f"[{guessed.which}.columns]"
    for our_column, shop_column in guessed.columns.items():
        if our_column in guessed.hashed:
            value = f"{{ column = {_text(shop_column)}, personal = true }}"
            yield f"{our_column} = {value}  # an e-mail address: set NIGHTMARKET_HMAC_KEY to hash it"
        else:
            yield f"{our_column} = {_text(shop_column)}{_example(guessed, shop_column)}"


def _unused(guessed: Guess) -> list[str]:
    """Columns of the sample that nothing in the mapping names."""
    used_columns = {*guessed.columns.values(), *guessed.personal, guessed.time.get("column"), guessed.each}
    in_sql = " ".join([*guessed.derived.values(), guessed.time.get("sql", "")])
    return [name for name in guessed.sample.columns if name not in used_columns and f"`{name}`" not in in_sql]


def _event_types(guessed: Guess) -> Iterator[str]:
    if not guessed.event_types:
        return
    type_lines, unknown = [], []
    for shop_type, count in guessed.event_types.most_common(40):
        our_type = shop_type if shop_type in EVENT_TYPES else event_type_of(shop_type)
        if our_type is None:
            unknown.append((shop_type, count))
        elif our_type != shop_type:
            type_lines.append(f"{_key(shop_type)} = {_text(our_type)}  # seen {count:,} times")
    if type_lines:
        yield f"[{guessed.which}.event_types]"
        yield from type_lines
    if unknown:
        yield f"[{guessed.which}.reject]  # ? what are these? map them above to one of {', '.join(EVENT_TYPES)}"
        column = guessed.columns["event_type"]
        listed = ", ".join("'" + name.replace("\\", "\\\\").replace("'", "\\'") + "'" for name, _ in unknown)
        yield f"not_an_action = {_text(f'`{column}` IN ({listed})')}"


def _from_events(which: str, events: Guess, columns: dict[str, str]) -> Iterator[str]:
    yield f"[{which}]"
    yield 'from = "events"'
    if "price" in columns and events.currency:
        yield f"constants = {{ currency = {_text(events.currency)} }}"
    yield f"[{which}.columns]"
    for our_column, shop_column in columns.items():
        is_hashed = our_column in events.hashed
        yield f"{our_column} = " + (
            f"{{ column = {_text(shop_column)}, personal = true }}" if is_hashed else _text(shop_column)
        )


def _example(guessed: Guess, shop_column: str) -> str:
    """A comment with a short value of the column; empty for users, whose values are personal."""
    values = [str(value) for value in guessed.sample.columns.get(shop_column, []) if value not in (None, "")]
    shown = next((value for value in values if len(value) <= 30 and value.isprintable()), None)
    return f"  # such as {shown}" if shown and guessed.which != "users" else ""


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _text(name)
