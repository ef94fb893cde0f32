"""What may never move a price or a discount: attributes of a person, the protected ones above all. Refused by name."""

from __future__ import annotations

import re

from schemas.tables.catalogue import USERS

# Words as they stand in a column's name. The kinds are those that consumer and equality law names nearly everywhere.
PROTECTED: dict[str, tuple[str, ...]] = {
    "gender": ("gender", "sex", "male", "female", "woman", "women", "man", "men", "性别"),
    "age": ("age", "ages", "birth", "birthday", "birthdate", "dob", "senior", "elderly", "年龄", "生日"),
    "ethnicity": ("ethnicity", "ethnic", "race", "racial", "nationality", "religion", "caste", "民族", "种族", "宗教"),
    "health": ("health", "disability", "disabled", "diagnosis", "disease", "illness", "pregnant", "pregnancy",
               "medical", "健康", "疾病", "残疾"),
    "sexuality": ("orientation", "sexuality", "marital", "婚姻"),
}  # fmt: skip
_OF_A_PERSON = {*USERS.names, "visitor_id", "session_id", "segment", "customer_id", "device", "household"}


def refusal(name: str) -> str | None:
    """Why `name`, of a column or an attribute, may not drive a price or a discount; None where it may."""
    words = set(re.split(r"[^a-z0-9]+", re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()))
    for kind, listed in PROTECTED.items():
        if words & set(listed) or any(word in name for word in listed if not word.isascii()):
            return f"'{name}' tells of {kind}, which is protected: nobody's price may depend on it"
    if name.lower() in _OF_A_PERSON - {"updated_on"} or "user" in words or "customer" in words:
        return f"'{name}' tells of a person, and an item has one price for everybody"
    return None


def refuse_protected(names: tuple[str, ...], what: str) -> None:
    """Raises ValueError naming the first of `names` that may not be `what`, and why."""
    for name in names:
        if why := refusal(name):
            raise ValueError(f"{what} may not be '{name}': {why}; name a column or an attribute of the item itself")
