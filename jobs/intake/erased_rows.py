"""Rejects the rows of people who were forgotten, when a shop delivers them again."""

from __future__ import annotations

from jobs.common.erased_people import ACCOUNT, VISITOR, ErasedPeople
from jobs.intake.row_checks import Check
from jobs.intake.sql_text import text
from jobs.intake.typed_values import personal_hash
from schemas.rejection_reasons import ERASED
from schemas.sources.mapping import Input

ERASED_ROW = text('{"erased":true}')  # what is kept of such a row: that there was one


def erased_checks(spec: Input, erased: ErasedPeople) -> list[Check]:
    """A check that comes before all others, so that no other reason keeps the row; none where nobody was forgotten.

    An anonymous row is rejected by its visitor id.
    """
    mapped = {*spec.columns, *spec.derived}
    if not erased or not mapped & {"user_id", "visitor_id"}:
        return []
    listed = ", ".join(text(one) for one in sorted(erased.people))
    tests = []
    if "user_id" in mapped:
        tests.append(f"{_hash(ACCOUNT, '__v_user_id', erased)} IN ({listed})")
    if "visitor_id" in mapped:
        nobody = "__v_user_id IS NULL AND " if "user_id" in mapped else ""
        tests.append(f"({nobody}{_hash(VISITOR, '__v_visitor_id', erased)} IN ({listed}))")
    return [Check(ERASED, f"coalesce({' OR '.join(tests)}, false)")]


def _hash(kind: str, value: str, erased: ErasedPeople) -> str:
    return personal_hash(f"concat({text(kind)}, trim({value}))", erased.key)
