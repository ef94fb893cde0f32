"""Refuses, by name, attributes that may never change a price or discount: protected ones and others of a person."""

from __future__ import annotations

import re

from schemas.tables.catalogue import USERS

# Words in the name of a column. The kinds are those that consumer and equality law protects nearly everywhere.
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
    """The lower-case words of a name, split at capitals and at everything that is no letter or digit."""
    return set(re.split(r"[\W_]+", re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()))


def protected_kind(name: str) -> str | None:
    """The kind of protected attribute that a name means: 'age' for `customerAge`, None for `average_price`."""
    words = words_of(name)
    for kind, listed in PROTECTED.items():
        if words & set(listed) or any(word in name for word in listed if not word.isascii()):
            return kind
    return None


def refusal(name: str) -> str | None:
    """Why the column or attribute `name` may not influence a price; None where it may."""
    if kind := protected_kind(name):
        return f"'{name}' means {kind}, a protected attribute: nobody's price may depend on it"
    words = words_of(name)
    if name.lower() in _OF_A_PERSON - {"updated_on"} or "user" in words or "customer" in words:
        return f"'{name}' is about a person, and an item has one price for everybody"
    return None


def refuse_protected(names: tuple[str, ...], what: str) -> None:
    """Raises ValueError, with the reason, for the first of `names` that may not be used as `what`."""
    for name in names:
        if why := refusal(name):
            raise ValueError(f"{what} may not be '{name}': {why}; name a column or an attribute of the item itself")
