"""A voice: how copy speaks to one audience; stdlib only.

One TOML file says who gets the voice; `voices.toml` of each language says how it sounds there. A voice has traits,
each with a weight: SQL over columns of user_profiles, user_segments and user_features. A reader's score is the sum of
the weights of the traits that hold; a trait that needs an unknown value adds nothing. The reader gets the voice with
the highest score if that is at least LEAST_SCORE, else the default voice. A guide with an empty part is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from schemas.copywriting.language_files import file_of
from schemas.tables.features import USER_FEATURES
from schemas.tables.profiles import USER_PROFILES
from schemas.tables.segments import USER_SEGMENTS
from schemas.toml_files import parse, read, refuse_unknown

SHIPPED = Path(__file__).parent / "voices"
_SQL_WORDS = {"and", "or", "not", "in", "is", "null", "between", "like", "true", "false"}
_GUIDE = "tone, use, never and examples"
_COLUMNS = frozenset({*USER_PROFILES.names, *USER_SEGMENTS.names, *USER_FEATURES.names} - {"user_id"})
LEAST_SCORE = 1.0  # one strong trait, or several weak ones


class VoiceError(ValueError):
    """A voice, wording or season that cannot be used: what was seen, in which file, and what there is instead."""


@dataclass(frozen=True)
class Guide:
    """How a voice sounds in one language. Words of `use` rank a draft higher; a text with one of `never` is refused."""

    tone: str
    use: tuple[str, ...]
    never: tuple[str, ...]
    examples: tuple[str, ...]

    def forbidden(self, text: str) -> str | None:
        """The first word of `never` that is in the text; None if none is."""
        return next((word for word in self.never if says(text, word)), None)

    def fit(self, text: str) -> float:
        """How well a text fits the voice, 0..1: words of `use` in it, divided by two; two or more count as 1."""
        return min(1.0, sum(says(text, word) for word in self.use) / 2)


@dataclass(frozen=True)
class Trait:
    """If the SQL `when` is true of a reader, `weight` is added to the voice's score, with `reason` in words."""

    reason: str
    when: str
    weight: float


@dataclass(frozen=True)
class Voice:
    """One audience style. The default, and styles that only events name, have no traits."""

    name: str
    doc: str
    guides: Mapping[str, Guide]
    traits: tuple[Trait, ...] = ()
    is_default: bool = False
    path: str = field(default="", compare=False)

    def guide(self, language: str) -> Guide:
        if language not in self.guides:
            raise VoiceError(f"voice {self.name} was not loaded in '{language}', only in {', '.join(self.guides)}")
        return self.guides[language]


def says(text: str, word: str) -> bool:
    """Whether the text has the word, in capitals or not; a word in Latin letters must be a whole word of the text."""
    if word.isascii():
        return re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text, re.IGNORECASE) is not None
    return word in text


def load_voices(folder: str = "", languages: Iterable[str] = (), shop_folder: str = "") -> dict[str, Voice]:
    """Every voice of a folder, or the shipped ones if it is empty, by name; each has a guide for each language.

    shop_folder: folder of the shop's own languages. Raises VoiceError naming the file, or FileNotFoundError if the
    folder or a language has none.
    """
    paths = sorted((Path(folder) if folder else SHIPPED).glob("*.toml"))
    if not paths:
        raise FileNotFoundError(f"no voice in {folder}: it needs one .toml per style; start from {SHIPPED}")
    spoken = {language: file_of(language, "voices.toml", shop_folder) for language in languages}
    guides = {language: (path, read_toml(path)) for language, path in spoken.items()}
    voices = {voice.name: voice for voice in (_load(path, guides) for path in paths)}
    if len(voices) < len(paths):
        raise VoiceError(f"{paths[0].parent}: two voices share a name; there are {', '.join(voices)}")
    defaults = [voice.name for voice in voices.values() if voice.is_default]
    if len(defaults) != 1:
        raise VoiceError(f"{paths[0].parent}: one voice must say is_default = true, saw {defaults or 'none'}")
    return voices


def read_toml(path: Path) -> dict[str, Any]:
    return parse(read(path, VoiceError), path, VoiceError)


def texts(where: str, raw: Any) -> tuple[str, ...]:
    if not isinstance(raw, list) or not raw or not all(isinstance(text, str) and text.strip() for text in raw):
        raise VoiceError(f"{where} must be a list of texts, none of them empty, saw {raw!r}")
    return tuple(raw)


def _load(path: Path, languages: Mapping[str, tuple[Path, Mapping[str, Any]]]) -> Voice:
    """The voice of a file; languages: name -> (path of its voices.toml, content: voice -> guide)."""
    raw = read_toml(path)
    refuse_unknown(str(path), raw, {f.name for f in fields(Voice)} - {"path", "guides"}, VoiceError)
    name = raw.get("name")
    if name != path.stem:
        raise VoiceError(f"{path}: name is {name!r}; it must be the file's name, '{path.stem}'")
    guides = {}
    for language, (file, guides_by_voice) in languages.items():
        if not isinstance(guides_by_voice.get(name), dict):
            raise VoiceError(
                f"{file} has no [{name}]; it has {', '.join(guides_by_voice)}; a voice of {path} needs {_GUIDE}"
            )
        guides[language] = _guide(f"{file} [{name}]", guides_by_voice[name])
    traits = tuple(_trait(f"{path} trait {number}", trait) for number, trait in enumerate(raw.pop("traits", []), 1))
    if traits and raw.get("is_default"):
        raise VoiceError(f"{path}: the default voice is for readers that fit no other; remove its traits")
    return Voice(**{"doc": "", **raw}, guides=guides, traits=traits, path=str(path))


def _guide(where: str, raw: dict[str, Any]) -> Guide:
    known = [f.name for f in fields(Guide)]
    refuse_unknown(where, raw, known, VoiceError)
    missing = [key for key in known if not raw.get(key)]
    if missing:
        raise VoiceError(
            f"{where}: the brand guide says nothing about {', '.join(missing)}; a voice needs each of them"
        )
    if not isinstance(raw["tone"], str):
        raise VoiceError(f"{where} tone must be a text, saw {raw['tone']!r}")
    return Guide(raw["tone"], *(texts(f"{where} {key}", raw[key]) for key in known[1:]))


def _trait(where: str, raw: dict[str, Any]) -> Trait:
    refuse_unknown(where, raw, [f.name for f in fields(Trait)], VoiceError)
    for key in ("reason", "when"):
        if not isinstance(raw.get(key), str) or not raw[key].strip():
            raise VoiceError(f"{where} needs '{key}', a text, saw {raw.get(key)!r}")
    weight = raw.get("weight")
    if isinstance(weight, bool) or not isinstance(weight, int | float) or not 0 < weight <= 10:
        raise VoiceError(f"{where}: weight is {weight!r}; it is a number above 0 and up to 10")
    bare = re.sub(r"'[^']*'", "''", raw["when"])
    words = set(re.findall(r"[A-Za-z_]\w*", bare)) - _COLUMNS
    strange = {word for word in words if word.lower() not in _SQL_WORDS}
    if strange or ";" in bare:
        raise VoiceError(
            f"{where}: when has {sorted(strange) or repr(';')}; it is SQL over {', '.join(sorted(_COLUMNS))}"
        )
    return Trait(raw["reason"], raw["when"], float(weight))
