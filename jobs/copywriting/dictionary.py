"""The catalogue's words in each language: a word may already be in it, the shop may translate it, or two words share a
meaning.

A catalogue is in one language (`copy.catalogue_language`), and may have Chinese titles, too. A shop gives words in more
languages as attributes whose name ends in the language, such as `title_de` or `colour_de`. Other words are translated
by the language's `words.toml`, for each attribute separately, since a lined notebook is not a lined coat. Colours,
materials, sizes and seasons are translated by the vocabularies: cotton is Baumwolle, since both have the same meaning.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import cache, cached_property

from models.fact_lock.vocabulary import kind_of
from models.text.languages import has_must, is_latin, is_written
from models.text.numerals import fold
from schemas.copywriting.benefits import Benefits, load_benefits
from schemas.copywriting.language import Language, load_languages
from schemas.copywriting.lexicon import Words, load_translations, load_words

_BY_MEANING = ("colour", "material", "season", "size")  # kinds of attributes whose words mean the same anywhere


class Dictionary:
    """languages: all languages; words: the vocabulary of each language; catalogue: the language of the catalogue.

    translations: language -> attribute -> the catalogue's word -> the word in this language, from words.toml.
    benefits: by language.
    """

    def __init__(
        self,
        languages: Mapping[str, Language],
        words: Mapping[str, Iterable[Words]],
        translations: Mapping[str, Mapping[str, Mapping[str, str]]],
        benefits: Mapping[str, Benefits],
        catalogue: str,
    ) -> None:
        self.languages, self.benefits, self.catalogue = dict(languages), benefits, catalogue
        self._words, self._translations = words, translations

    @classmethod
    def of(cls, languages: Mapping[str, Language], catalogue: str, own: str = "") -> Dictionary:
        """The dictionary from the languages' files; own: folder of the shop's own languages."""
        words = {name: load_words((name,), own) for name in languages}
        translations = {name: load_translations(name, own) for name in languages}
        return cls(languages, words, translations, {name: load_benefits(name, own) for name in languages}, catalogue)

    def is_in(self, text: str, language: str) -> bool:
        """Whether a text of the catalogue can be in the language; text in Latin letters is in the catalogue's."""
        script = self.languages[language]
        if not is_written(text, script):
            return False
        # Latin letters do not show the language, nor do letters of several languages (Chinese ones are Japanese, too).
        shows_language = not is_latin(script) and has_must(text, script)
        return shows_language or language == self.catalogue

    def word(self, words: Iterable[str], language: str, attribute: str) -> str | None:
        """The first of an item's words for one attribute that is in the language, or else a translation."""
        words = tuple(words)
        in_language = next((word for word in words if self.is_in(word, language)), None)
        return in_language or next(filter(None, (self._translation(word, language, attribute) for word in words)), None)

    def meanings(self, attribute: str, words: Iterable[str]) -> list[tuple[str, str]]:
        """The keys of an attribute's words in a file of benefits: (attribute, word) and (kind, meaning)."""
        kind, words = kind_of(attribute), tuple(words)
        of_kind = (meaning for word in words for meaning in self._meanings.get((kind, _key(word)), ()))
        return [*((attribute, word) for word in words), *of_kind]

    def _translation(self, word: str, language: str, attribute: str) -> str | None:
        translation = self._translations[language].get(attribute, {}).get(_key(word))
        kind = kind_of(attribute)
        if translation or kind not in _BY_MEANING:
            return translation
        return next(
            filter(None, (self._first[language].get(name) for name in self._meanings.get((kind, _key(word)), ()))), None
        )

    @cached_property
    def _meanings(self) -> Mapping[tuple[str, str], list[tuple[str, str]]]:
        """(kind, word) -> its meanings, as (kind, name)."""
        meanings: dict[tuple[str, str], list[tuple[str, str]]] = defaultdict(list)
        for entry in (entry for words in self._words.values() for entry in words if entry.kind != "trap"):
            for form in entry.forms:
                meanings[entry.kind, _key(form)].append((entry.kind, entry.name))
        return dict(meanings)

    @cached_property
    def _first(self) -> dict[str, dict[tuple[str, str], str]]:
        """Language -> meaning -> the first word with this meaning in the language."""
        return {
            language: {(entry.kind, entry.name): entry.forms[0].rstrip("?") for entry in words if entry.forms}
            for language, words in self._words.items()
        }


@cache
def shipped_dictionary() -> Dictionary:
    """The dictionary of the shipped languages, for a catalogue in English."""
    return Dictionary.of(load_languages(), "en")


def _key(form: str) -> str:
    return fold(form.rstrip("?")).replace(" ", "").replace("-", "")
