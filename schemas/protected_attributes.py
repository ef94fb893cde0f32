"""What may never move a price or a discount: attributes of a person, the protected ones above all. Refused by name."""

from __future__ import annotations

import re

from schemas.tables.catalogue import USERS

# Words as they stand in a column's name. The kinds are those that consumer and equality law names nearly everywhere.
PROTECTED: dict[str, tuple[str, ...]] = {
    "gender": ("gender", "sex", "male", "female", "woman", "women", "man", "men", "pronoun", "pronouns", "性别"),
    "age": ("age", "ages", "aged", "birth", "birthday", "birthdate", "birthyear", "born", "dob", "senior", "elderly",
            "年龄", "生日"),
    "ethnicity": ("ethnicity", "ethnic", "race", "racial", "nationality", "caste", "tribe", "ancestry", "民族", "种族"),
    "religion": ("religion", "religious", "faith", "church", "宗教"),
    "health": ("health", "disability", "disabled", "diagnosis", "disease", "illness", "pregnant", "pregnancy",
               "medical", "medication", "健康", "疾病", "残疾"),
    "sexuality": ("orientation", "sexuality", "sexual", "marital", "婚姻"),
}  # fmt: skip
_OF_A_PERSON = {*USERS.names, "visitor_id", "session_id", "segment", "customer_id", "device", "household"}


def words_of(name: str) -> set[str]:
    """Lower-case words of a name, split at capitals and at all that is no letter or digit."""
    return set(re.split(r"[\W_]+", re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()))


def protected_kind(name: str) -> str | None:
    """What protected attribute a name tells of, or None: 'age' for `customerAge`, None for `average_price`."""
    words = words_of(name)
    for kind, listed in PROTECTED.items():
        if words & set(listed) or any(word in name for word in listed if not word.isascii()):
            return kind
    return None


def refusal(name: str) -> str | None:
    """Why `name`, of a column or an attribute, may not drive a price; None where it may."""
    if kind := protected_kind(name):
        return f"'{name}' tells of {kind}, which is protected: nobody's price may depend on it"
    words = words_of(name)
    if name.lower() in _OF_A_PERSON - {"updated_on"} or "user" in words or "customer" in words:
        return f"'{name}' tells of a person, and an item has one price for everybody"
    return None


def refuse_protected(names: tuple[str, ...], what: str) -> None:
    """Raises ValueError naming the first of `names` that may not be `what`, and why."""
    for name in names:
        if why := refusal(name):
            raise ValueError(f"{what} may not be '{name}': {why}; name a column or an attribute of the item itself")
