"""Spark SQL of a number as people write it, `1.234,56 €`, `(1'234.50)`, `EUR 12,-`, where a mapping says how."""

from __future__ import annotations

from jobs.intake.sql_text import text
from schemas.sources.mapping import Input

# A sign ($, US$, R$, €), a code (EUR), or a word that shops write instead. In Java, \h matches any blank.
_CURRENCY = r"(?:[A-Za-z]{0,3}\p{Sc}|[A-Z]{3}|[Kk]r\.?|zł|Kč|Ft|lei|лв\.?|руб\.?|р\.|Fr\.?|Rs\.?|Rp\.?|RM|R|元|円)"
_MINUS = "[-−–]"
_LONGEST = 64  # characters; a pattern over a field of a megabyte would take minutes
_THOUSANDS = {" ": r"\h", "'": "['’]", ".": r"\.", ",": ","}


def written_number(value: str, spec: Input) -> str:
    """SQL of the number in the form that a cast reads, '-1234.56'; null where it is not written as the mapping says.

    Only groups of three digits count as thousands, so 12.50 is never read as 1250.
    """
    point = "," if spec.decimal == "," else r"\."
    group = _THOUSANDS.get(spec.thousands, "")
    grouped = rf"[0-9]{{1,3}}(?:{group}[0-9]{{3}})+|" if group else ""
    if group == ",":
        grouped += r"[0-9]{1,2}(?:,[0-9]{2})+,[0-9]{3}|"  # India: 1,23,456
    body = rf"(?:{grouped}[0-9]+)(?:{point}[0-9]+)?|{point}[0-9]+"
    money, sign = rf"(?:{_CURRENCY})?\h*+", r"[-−–+]?\h*+"
    prefix = rf"\(?\h*+{sign}{money}{sign}\(?\h*+"
    suffix = rf"(?:{point}[-−–—]{{0,2}})?\h*+{money}{_MINUS}?\h*+{money}\)?\h*+{money}"
    pattern = text(rf"^\h*+{prefix}({body}){suffix}\h*+$")
    negative = text(rf"^[^0-9]*({_MINUS}|\()|[0-9]\h*+(?:{_CURRENCY})?\h*+{_MINUS}")
    digits = f"regexp_extract({value}, {pattern}, 1)"
    if group:
        digits = f"regexp_replace({digits}, {text(group)}, '')"
    digits = f"replace({digits}, ',', '.')" if spec.decimal == "," else digits
    minus = f"CASE WHEN {value} RLIKE {negative} THEN '-' ELSE '' END"
    return (
        f"CASE WHEN char_length({value}) <= {_LONGEST} AND {value} RLIKE {pattern} THEN concat({minus}, {digits}) END"
    )
