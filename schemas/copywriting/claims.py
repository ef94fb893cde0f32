"""Which words of a language assert something of a product, and which are only play: claims.toml. TOML; stdlib only.

The form is described in schemas/copywriting/languages/README.md. The fact lock (models/fact_lock) uses what is read
here without a change.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from schemas.copywriting.examples import FILE as EXAMPLES
from schemas.copywriting.examples import Examples, read_examples
from schemas.toml_files import parse, read, refuse_unknown, stamp

FOLDER = Path(__file__).parent / "languages"
FILE = "claims.toml"
_KEYS = (
    "spaces",
    "capitals",
    "sets",
    "asserts",
    "allows",
    "partners",
    "scenes",
    "denials",
    "means",
    "opposites",
    "entails",
    "emoji",
    "fold",
)
_PARTNERS = ("cues", "own", "nouns")
_SCENES = ("of_item", "others")
_HOLE = re.compile(r"\{(\w+)\}")


class ClaimWordsError(ValueError):
    """A claims.toml that cannot be used: file, key, pattern, and what is wrong with it."""


@dataclass(frozen=True, eq=False)
class ClaimWords:
    """One language's claims.toml, its sets already written into its patterns.

    asserts: kind -> patterns; means: word -> patterns that say the same; allows, cues, own, denials, of_item, others:
    patterns; nouns: words; capitals: a capital within a sentence marks a name. opposites: (what an item has, what it
    therefore never is or has); entails: word -> words that follow from it; emoji: sign -> word; fold: letter -> letter.
    examples: from the language's sentences.toml, if it has one.
    """

    language: str
    spaces: bool
    asserts: Mapping[str, tuple[str, ...]]
    allows: tuple[str, ...] = ()
    cues: tuple[str, ...] = ()
    own: tuple[str, ...] = ()
    nouns: tuple[str, ...] = ()
    denials: tuple[str, ...] = ()
    of_item: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    capitals: bool = False
    means: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    opposites: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = ()
    entails: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    emoji: Mapping[str, str] = field(default_factory=dict)
    fold: Mapping[str, str] = field(default_factory=dict)
    examples: Examples | None = None


def load_claim_words(shop_folder: str = "") -> tuple[ClaimWords, ...]:
    """The claims.toml of every language, with its sentences.toml; a file in `shop_folder/<language>` replaces the
    shipped file."""
    folders = (FOLDER, Path(shop_folder)) if shop_folder else (FOLDER,)
    claim_files, example_files = (
        {path.parent.name: path for folder in folders for path in sorted(folder.glob(f"*/{name}"))}
        for name in (FILE, EXAMPLES)
    )
    return tuple(
        _read_once(path, stamp(path), example_files.get(name), stamp(example_files.get(name)))
        for name, path in sorted(claim_files.items())
    )


@functools.lru_cache(maxsize=64)
def _read_once(path: Path, words_stamp: object, examples: Path | None, examples_stamp: object) -> ClaimWords:
    """A process that runs many nights reads a file again only after it changed, and keeps the result until then."""
    words = read_claim_words(path)
    return words if examples is None else replace(words, examples=read_examples(examples))


def read_claim_words(path: Path) -> ClaimWords:
    """Reads one claims.toml. Raises ClaimWordsError naming file, key and pattern."""
    raw = parse(read(path, ClaimWordsError), path, ClaimWordsError)
    refuse_unknown(str(path), raw, _KEYS, ClaimWordsError)
    if missing := [key for key in ("spaces", "asserts") if key not in raw]:
        raise ClaimWordsError(f"{path} lacks '{missing[0]}'; it says {', '.join(_KEYS)}")
    partners = raw.get("partners", {})
    refuse_unknown(f"{path}: [partners]", partners, _PARTNERS, ClaimWordsError)
    scenes = raw.get("scenes", {})
    refuse_unknown(f"{path}: [scenes]", scenes, _SCENES, ClaimWordsError)
    sets = {name: _texts(path, f"[sets] {name}", words) for name, words in raw.get("sets", {}).items()}
    for name, words in sets.items():
        _pattern(f"{path}: [sets] {name}", "|".join(words), {}, raw["spaces"])
    asserts = {
        kind: _patterns(path, f"[asserts] {kind}", lines, sets, raw["spaces"]) for kind, lines in raw["asserts"].items()
    }
    allows, cues, own_patterns, denials, of_item, others = (
        _patterns(path, where, lines, sets, raw["spaces"])
        for where, lines in (
            ("allows", raw.get("allows", [])),
            ("[partners] cues", partners.get("cues", [])),
            ("[partners] own", partners.get("own", [])),
            ("denials", raw.get("denials", [])),
            ("[scenes] of_item", scenes.get("of_item", [])),
            ("[scenes] others", scenes.get("others", [])),
        )
    )
    fold = raw.get("fold", {})
    if len(fold.get("letters", "")) != len(fold.get("means", "")):
        raise ClaimWordsError(f"{path}: [fold] letters and means must be equally long, one letter for one letter")
    return ClaimWords(
        path.parent.name,
        raw["spaces"],
        asserts,
        allows,
        cues,
        own_patterns,
        _texts(path, "[partners] nouns", partners.get("nouns", [])),
        denials,
        of_item,
        others,
        raw.get("capitals", False),
        {
            word: _patterns(path, f"[means] {word}", lines, sets, raw["spaces"])
            for word, lines in raw.get("means", {}).items()
        },
        tuple(
            (_texts(path, "opposites has", pair.get("has")), _texts(path, "opposites never", pair.get("never")))
            for pair in raw.get("opposites", [])
        ),
        {word: _texts(path, f"[entails] {word}", implied) for word, implied in raw.get("entails", {}).items()},
        raw.get("emoji", {}),
        dict(zip(fold.get("letters", ""), fold.get("means", ""), strict=True)),
    )


def _texts(path: Path, where: str, raw: Any) -> tuple[str, ...]:
    """The texts of a list; a text with bars, such as "red|blue", counts as several texts."""
    if not isinstance(raw, list) or not all(isinstance(text, str) and text for text in raw):
        raise ClaimWordsError(f"{path}: {where} must be a list of texts, saw {raw!r}")
    return tuple(part for text in raw for part in _parts(text))


def _parts(text: str) -> list[str]:
    """The text cut at its bars, except bars in brackets: "a|b(?:c|d)" gives a and b(?:c|d)."""
    parts, depth = [""], 0
    for letter in text:
        depth += (letter == "(") - (letter == ")")
        if letter == "|" and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return parts


def _patterns(path: Path, where: str, raw: Any, sets: Mapping[str, tuple[str, ...]], spaces: bool) -> tuple[str, ...]:
    if not isinstance(raw, list) or not all(isinstance(text, str) and text for text in raw):
        raise ClaimWordsError(f"{path}: {where} must be a list of patterns, saw {raw!r}")
    return tuple(_pattern(f"{path}: {where}", text, sets, spaces) for text in raw)


def _pattern(where: str, text: str, sets: Mapping[str, tuple[str, ...]], spaces: bool) -> str:
    """One pattern as a regular expression: {name} becomes the words of a set, and ~ becomes a gap within a clause."""

    def words(hole: re.Match[str]) -> str:
        if hole[1].isdigit():
            return hole[0]
        if hole[1] not in sets:
            raise ClaimWordsError(f"{where}: {text!r} names {hole[0]}; [sets] has {', '.join(sets)}")
        return f"(?:{'|'.join(sorted(sets[hole[1]], key=len, reverse=True))})"

    def one_letter(hole: re.Match[str]) -> str:
        return hole[0] if hole[1].isdigit() else "x"

    expression = _with_gaps(_HOLE.sub(words, text.rstrip("~")), spaces)
    # Sets have hundreds of words and are checked alone. Only a lookbehind needs their lengths.
    short = expression if "(?<" in text else _with_gaps(_HOLE.sub(one_letter, text.rstrip("~")), spaces)
    try:
        pattern = re.compile(short)
    except re.error as error:
        raise ClaimWordsError(f"{where}: {text!r} is not a pattern: {error}") from None
    if pattern.match("") or pattern.groups > (1 if "(?P<of>" in expression else 0):
        fault = "it matches nothing" if pattern.match("") else "it has a group; write (?:...), or (?P<of>...) once"
        raise ClaimWordsError(f"{where}: {text!r} is not a pattern: {fault}")
    return expression


def _with_gaps(text: str, spaces: bool) -> str:
    """The text with a regular expression for each ~ and ~~."""
    gap = r"[^,.;:!?，。；：！？、\n]" + ("{0,40}?" if spaces else "{0,14}?")
    wide = r"[^.;!?。；！？\n]" + ("{0,70}?" if spaces else "{0,30}?")
    if spaces:  # a gap is whole words
        edge = "(?:(?<![a-z])|(?![a-z]))"
        gap, wide = (f"(?:|{edge}{width}{edge})" for width in (gap, wide))
    return text.replace("~~", "\0").replace("~", gap).replace("\0", wide)
