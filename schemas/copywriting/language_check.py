"""What a language's folder lacks, file by file, with the next step. Stdlib only.

Loading a language stops at its first mistake. A person who writes one wants to see all that is left to do.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from schemas.copywriting.benefits import ALL_OTHERS, load_benefits
from schemas.copywriting.language import Language, load_language
from schemas.copywriting.language_files import HEAD, SHIPPED, file_of, vocabulary_of
from schemas.copywriting.lexicon import Words, load_lexicons, load_words
from schemas.copywriting.voice import Voice, load_voices
from schemas.copywriting.wording import load_seasons, read_templates, thin_groups

MODEL = "en"  # the language whose folder a new language's folder is compared with
UNITS = ("h", "day", "m", "g", "ml", "%")  # dimensions whose words every language needs, so that figures are checked
LEAST_TERMS = 3  # of each reason in a lexicon
# A lie about a kind is only seen if the language has words of that kind: how many meanings of each kind it needs.
LEAST_MEANINGS = {"colour": 10, "material": 20, "attribute": 15, "season": 4, "medical": 4, "safety": 5,
                  "superlative": 1, "stock": 2, "discount": 4, "date": 2}  # fmt: skip


def missing_in(language: str, voices_folder: str = "", shop_folder: str = "") -> list[str]:
    """What is missing or cannot be used in the folder of a language, one line each; an empty list if it is complete."""
    problems: list[str] = []

    def attempt(load: Callable[[], Any]) -> Any:
        try:
            return load()
        except (ValueError, FileNotFoundError) as problem:
            problems.append(str(problem))
            return None

    head: Language | None = attempt(lambda: load_language(language, shop_folder))
    voices: dict[str, Voice] | None = attempt(lambda: load_voices(voices_folder, (language,), shop_folder))
    if voices is not None:
        path = attempt(lambda: file_of(language, "templates.toml", shop_folder))
        groups = attempt(lambda: read_templates(path, language, voices)) if path else None
        problems += thin_groups(path, groups) if groups else ()
        seasons = attempt(lambda: load_seasons((language,), voices, shop_folder))
        if seasons == ():
            problems.append(
                f"{file_of(language, 'calendar.toml', shop_folder)}: no [[event]]; name the days of the year you sell "
                "for"
            )
    if head is not None:
        problems += _units(language, shop_folder, head)
        lexicons = attempt(lambda: load_lexicons((head,), shop_folder))
        problems += _lexicon(language, shop_folder, lexicons) if lexicons else ()
    benefits = attempt(lambda: load_benefits(language, shop_folder))
    if benefits is not None and ALL_OTHERS not in benefits.used_up:
        problems.append(
            f"{file_of(language, 'benefits.toml', shop_folder)}: [used_up] lacks {ALL_OTHERS}, the verb of having none "
            "left"
        )
    words = attempt(lambda: load_words((language,), shop_folder))
    problems += _vocabulary(language, shop_folder, words) if words is not None else ()
    return problems


def _units(language: str, shop_folder: str, head: Language) -> Iterator[str]:
    for dimension in UNITS if not head.figures_in_code else ():
        if not head.units.get(dimension):
            path = file_of(language, HEAD, shop_folder)
            yield f'{path}: [units."{dimension}"] has no words; write those of your language, as "Stunde|Stunden" = 1'


def _lexicon(language: str, shop_folder: str, lexicons: Iterable[Any]) -> Iterator[str]:
    path = file_of(language, "lexicon.toml", shop_folder)
    terms = Counter(
        {
            group.reason: sum(1 + term.count("|") for term in group.terms)
            for own_lexicon in lexicons
            for group in own_lexicon.groups
        }
    )
    for reason in (group.reason for lexicon in load_lexicons((load_language(MODEL),)) for group in lexicon.groups):
        if terms[reason] < LEAST_TERMS:
            step = f"write at least {LEAST_TERMS}, as in {SHIPPED / MODEL}"
            yield f'{path}: ["{reason}"] has {terms[reason]} terms; {step}'


def _vocabulary(language: str, shop_folder: str, words: Iterable[Words]) -> Iterator[str]:
    if not vocabulary_of(language, shop_folder):
        yield f"{language} has no vocabulary/*.toml; start from {SHIPPED / MODEL / 'vocabulary'}"
        return
    meanings = Counter(kind for kind, _ in {(word.kind, word.name) for word in words if word.forms})
    folder = vocabulary_of(language, shop_folder)[0].parent
    for kind, least in LEAST_MEANINGS.items():
        if meanings[kind] < least:
            yield f"{folder}: {meanings[kind]} meanings of [{kind}]; write at least {least}, as in {SHIPPED / MODEL}"
