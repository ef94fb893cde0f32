"""A voice: how copy speaks to one audience; stdlib only.

One TOML file says who gets the voice; `voices.toml` of each language says how it sounds there. `who` is SQL over
columns of user_profiles and user_segments that is true of the voice's users. Where several voices fit a user, the first
by name is taken; where none fits, the default. A guide with an empty part is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from schemas.copywriting.language_files import file_of
from schemas.tables.profiles import USER_PROFILES
from schemas.tables.segments import USER_SEGMENTS
from schemas.toml_files import parse, read, refuse_unknown

SHIPPED = Path(__file__).parent / "voices"
_SQL_WORDS = {"and", "or", "not", "in", "is", "null", "between", "like", "true", "false"}
_GUIDE = "tone, use, never and examples"
_COLUMNS = frozenset({*USER_PROFILES.names, *USER_SEGMENTS.names} - {"user_id"})


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
        """The first of `never` that the text has as a word; None where it has none."""
        return next((word for word in self.never if says(text, word)), None)

    def fit(self, text: str) -> float:
        """How well a text fits the voice, 0..1: words of `use` in it, divided by two; two or more count as 1."""
        return min(1.0, sum(says(text, word) for word in self.use) / 2)


@dataclass(frozen=True)
class Voice:
    """One audience style. `who` is SQL that is true of its users; empty for the default and for styles of seasons."""

    name: str
    doc: str
    guides: Mapping[str, Guide]
    who: str = ""
    is_default: bool = False
    path: str = field(default="", compare=False)

    def guide(self, language: str) -> Guide:
        if language not in self.guides:
            raise VoiceError(f"voice {self.name} was not loaded in '{language}', only in {', '.join(self.guides)}")
        return self.guides[language]


def says(text: str, word: str) -> bool:
    """Whether the text has the word, in any case; Latin words must match whole."""
    if word.isascii():
        return re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text, re.IGNORECASE) is not None
    return word in text


def load_voices(folder: str = "", languages: Iterable[str] = (), own: str = "") -> dict[str, Voice]:
    """Every voice of a folder, or the shipped ones if it is empty, by name; each has a guide for each language.

    own: folder of the shop's own languages. Raises VoiceError naming the file, or FileNotFoundError where the folder or
    a language has none.
    """
    paths = sorted((Path(folder) if folder else SHIPPED).glob("*.toml"))
    if not paths:
        raise FileNotFoundError(f"no voice in {folder}: it needs one .toml per style; start from {SHIPPED}")
    spoken = {language: file_of(language, "voices.toml", own) for language in languages}
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
    """The voice of a file; languages: name -> its voices.toml and what that says of each voice."""
    raw = read_toml(path)
    refuse_unknown(str(path), raw, {f.name for f in fields(Voice)} - {"path", "guides"}, VoiceError)
    name = raw.get("name")
    if name != path.stem:
        raise VoiceError(f"{path}: name is {name!r}; it must be the file's name, '{path.stem}'")
    guides = {}
    for language, (file, said) in languages.items():
        if not isinstance(said.get(name), dict):
            raise VoiceError(f"{file} has no [{name}]; it has {', '.join(said)}; a voice of {path} needs {_GUIDE}")
        guides[language] = _guide(f"{file} [{name}]", said[name])
    voice = Voice(**{"doc": "", **raw}, guides=guides, path=str(path))
    _check_who(voice)
    return voice


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


def _check_who(voice: Voice) -> None:
    if voice.is_default and voice.who:
        raise VoiceError(f"{voice.path}: the default voice is for users that fit no other; remove its `who`")
    bare = re.sub(r"'[^']*'", "''", voice.who)
    words = set(re.findall(r"[A-Za-z_]\w*", bare)) - _COLUMNS
    strange = {word for word in words if word.lower() not in _SQL_WORDS}
    if strange or ";" in bare:
        known = ", ".join(sorted(_COLUMNS))
        raise VoiceError(f"{voice.path}: who has {sorted(strange) or repr(';')}; it is SQL over {known}")
