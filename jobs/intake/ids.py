"""Spark SQL of an id. An account gets the same text whether its number came as an integer, a float or text.

A float holds whole numbers exactly only below 2^53 (2^24 with 32 bits). A larger number may stand for two accounts that
became one before we got the file, so such an id is rejected. An id that is not a whole number is rejected too.
"""

from __future__ import annotations

import re

from schemas.sources.mapping import Input, MappingError, Source

_EXACT = {"double": 1 << 53, "float": 1 << 24}
_AS_IT_IS = re.compile(r"tinyint|smallint|int|bigint|decimal\(\d+,0\)|date|timestamp.*|void|string")
_NOT_A_NUMBER = "('\"NaN\"', '\"Infinity\"', '\"-Infinity\"')"  # as Spark's JSON reader gives the bare words
# How programs print a float: pandas and SQL write 540006006.0, Java and Spark's JSON reader 5.40006006E8, both with all
# digits. R writes 4.0128e+10; it has all digits only if it is shorter than 40128000000. A longer one has lost digits,
# and so has Excel's 5.40006E+08. A code such as 1.10, 007.0 or 12E3 is not the text of a float.
_PRINTED_FLOAT = "^-?((0|[1-9][0-9]*)[.]0|[1-9][.][0-9]+E[0-9]+)$"
_PRINTED_DECIMAL = "^-?(0|[1-9][0-9]*)[.]00+$"  # NUMERIC(20, 2) as SQL exports it, with all digits
_SHORT_FLOAT = "^-?[1-9]([.][0-9]+)?e[+][0-9]{2}$"
_CUT_FLOAT = "^[-+]?[0-9]+([.,][0-9]+[eE][-+]?|[eE][+])[0-9]+$"


def id_sql(name: str, value: str, kind: str, spec: Input, source: Source) -> tuple[str, str | None]:
    """(SQL of the id, null where it is missing or rejected; SQL of what was seen, None where nothing is rejected).

    `kind` is the Spark type of `value`. Raises MappingError for a type that cannot hold an id.
    """
    if kind == "string" and name not in source.text_ids:
        seen = f"CASE WHEN {value} IN {_NOT_A_NUMBER} THEN NULL ELSE {value} END" if spec.format == "jsonl" else value
        return _from_text(seen), seen
    if _AS_IT_IS.fullmatch(kind):
        return (value if kind == "string" else f"CAST({value} AS STRING)"), None
    if kind in _EXACT:
        seen = f"CASE WHEN abs({value}) < double('Infinity') THEN {value} END"  # pandas writes a missing id as NaN
        return _whole_number_sql(seen, _EXACT[kind]), f"CAST({seen} AS STRING)"
    if kind.startswith("decimal"):
        whole_text = f"CASE WHEN {value} = floor({value}) THEN CAST(floor({value}) AS STRING) END"
        return whole_text, f"CAST({value} AS STRING)"
    if kind == "binary":
        as_text = f"CAST({value} AS STRING)"
        return f"CASE WHEN is_valid_utf8({as_text}) THEN {as_text} END", f"concat('bytes ', hex({value}))"
    raise MappingError(
        f"{source.path or source.name}: {name} of {spec.which} is {kind}; an id is text or a whole number: name the "
        f'field that holds it, for example [{spec.which}.derived] {name} = "customer.id"'
    )


def _from_text(value: str) -> str:
    """SQL of the id of a text. It looks for a dot or a plus first: most ids have neither and need no slow pattern."""
    whole_text = _whole_number_sql(f"try_cast({value} AS DOUBLE)", _EXACT["double"])
    return (
        f"CASE WHEN NOT (contains({value}, '.') OR contains({value}, '+')) THEN {value} "
        f"WHEN {value} RLIKE '{_PRINTED_FLOAT}' THEN {whole_text} "
        f"WHEN {value} RLIKE '{_PRINTED_DECIMAL}' THEN substring_index({value}, '.', 1) "
        f"WHEN {value} RLIKE '{_SHORT_FLOAT}' AND char_length({value}) < char_length({whole_text}) THEN {whole_text} "
        f"WHEN {value} RLIKE '{_CUT_FLOAT}' THEN NULL ELSE {value} END"
    )


def _whole_number_sql(number: str, exact: int) -> str:
    is_whole = f"{number} = floor({number}) AND abs({number}) < {exact}D"
    return f"CASE WHEN {is_whole} THEN CAST(CAST({number} AS BIGINT) AS STRING) END"
