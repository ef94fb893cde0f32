"""The prompt of an instruct model: one prompt.toml in the folder of each language; stdlib only.

`request` has `$name` where the words of a brief go (PLACES). Slots such as {price} stay as they are: the model copies
them, and the shop fills them. The templates write for a strategy or channel that the file does not describe.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Any

from schemas.copywriting.language_files import SHIPPED
from schemas.copywriting.voice import VoiceError, read_toml, texts
from schemas.copywriting.wording import SLOTS, USERS_SLOTS
from schemas.tables.copywriting import CHANNELS, STRATEGIES
from schemas.toml_files import refuse_unknown

FILE = "prompt.toml"
PLACES = ("count", "channel", "strategy", "tone", "use", "never", "facts", "slots", "examples")
_NEEDED = ("count", "channel", "strategy", "facts")  # without these a model does not know what to write
_CHATTER = ("prefaces", "labels", "notes")
_TABLES = {
    "channels": CHANNELS,
    "strategies": STRATEGIES,
    "slots": tuple(sorted({slot for slots in SLOTS.values() for slot in slots})),
}


@dataclass(frozen=True)
class PromptWords:
    """A language's prompt. prefaces, labels, notes: what models write around the texts, in lower case.

    channels, strategies, slots: name -> how it is described to the model.
    """

    language: str
    request: str
    prefaces: tuple[str, ...]
    labels: tuple[str, ...]
    notes: tuple[str, ...]
    channels: Mapping[str, str]
    strategies: Mapping[str, str]
    slots: Mapping[str, str]

    def describes(self, strategy: str, channel: str) -> bool:
        return strategy in self.strategies and channel in self.channels

    def filled(self, **words: str) -> str:
        """The request with a word for each of PLACES."""
        return Template(self.request).substitute(words).strip()


def load_prompts(languages: Iterable[str], folder: str = "") -> dict[str, PromptWords]:
    """The prompts of those languages that have one: `folder`/LANGUAGE/prompt.toml, or else the shipped one.

    Raises VoiceError naming the file and the place.
    """
    folders = (Path(folder), SHIPPED) if folder else (SHIPPED,)
    paths = {language: [place / language / FILE for place in folders] for language in languages}
    prompt_files = {
        language: next((path for path in candidates if path.is_file()), None) for language, candidates in paths.items()
    }
    return {language: _load(path, language) for language, path in prompt_files.items() if path is not None}


def slots_needed(strategy: str) -> tuple[str, ...]:
    """The slots without which a text of the strategy says nothing: the reader's own terms, and their last day."""
    return USERS_SLOTS if set(USERS_SLOTS) <= set(SLOTS[strategy]) else ()


def _load(path: Path, language: str) -> PromptWords:
    raw = read_toml(path)
    refuse_unknown(str(path), raw, ("language", "request", *_CHATTER, *_TABLES), VoiceError)
    if raw.get("language") != language:
        raise VoiceError(f"{path}: language is {raw.get('language')!r}; it must be the folder's name, '{language}'")
    request = _request(str(path), raw.get("request"))
    lists = [tuple(text.lower() for text in texts(f"{path} {name}", raw.get(name))) for name in _CHATTER]
    tables = [_table(f"{path} [{name}]", raw.get(name), known) for name, known in _TABLES.items()]
    return PromptWords(language, request, lists[0], lists[1], lists[2], tables[0], tables[1], tables[2])


def _request(path: str, raw: Any) -> str:
    if not isinstance(raw, str) or not Template(raw).is_valid():
        raise VoiceError(f"{path}: request must be a text in which $ stands before one of {', '.join(PLACES)}")
    names = Template(raw).get_identifiers()
    refuse_unknown(f"{path}: request", (f"${name}" for name in names), (f"${name}" for name in PLACES), VoiceError)
    if missing := [f"${name}" for name in _NEEDED if name not in names]:
        raise VoiceError(f"{path}: request lacks {', '.join(missing)}, so a model would not know what to write")
    return raw


def _table(where: str, raw: Any, known: Iterable[str]) -> dict[str, str]:
    if not isinstance(raw, dict) or not raw or not all(isinstance(text, str) and text.strip() for text in raw.values()):
        raise VoiceError(f'{where} must be a table of name = "description", none of them empty, saw {raw!r}')
    refuse_unknown(where, raw, known, VoiceError)
    return raw
