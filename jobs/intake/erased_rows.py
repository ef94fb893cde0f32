"""Rejects the rows of people who were forgotten, when a shop delivers them again."""

from __future__ import annotations

from jobs.common.erased_people import ACCOUNT, VISITOR, ErasedPeople
from jobs.intake.row_checks import Check
from jobs.intake.sql_text import text
from jobs.intake.typed_values import personal_hash, stripped
from schemas.rejection_reasons import ERASED
from schemas.sources.mapping import Input

ERASED_ROW = text('{"erased":true}')  # stored instead of such a row, so that it is still counted


def erased_checks(spec: Input, erased: ErasedPeople) -> list[Check]:
    """The check that rejects these people's rows. It must come first, since other reasons store the whole row.

    Returns no check where nobody was forgotten. An anonymous row is rejected by its visitor id.
    """
    mapped = {*spec.columns, *spec.derived}
    if not erased or not mapped & {"user_id", "visitor_id"}:
        return []
    people = ", ".join(text(person) for person in sorted(erased.people))
    tests = []
    if "user_id" in mapped:
        tests.append(f"{_hash(ACCOUNT, '__v_user_id', erased)} IN ({people})")
    if "visitor_id" in mapped:
        no_account = "__v_user_id IS NULL AND " if "user_id" in mapped else ""
        tests.append(f"({no_account}{_hash(VISITOR, '__v_visitor_id', erased)} IN ({people}))")
    return [Check(ERASED, f"coalesce({' OR '.join(tests)}, false)")]


def _hash(kind: str, value: str, erased: ErasedPeople) -> str:
    return personal_hash(f"concat({text(kind)}, {stripped(value)})", erased.key)
