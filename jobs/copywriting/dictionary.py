"""The catalogue's words in each language: by their letters, by what the shop says, or by a meaning that both share.

A catalogue is in one language (`copy.catalogue_language`), with Chinese titles beside it where a shop has them. A shop
that has words in more languages gives them as attributes whose name ends in the language, such as `title_de` or
`colour_de`. For other words there is each language's `words.toml`, by attribute, since a lined notebook is not a lined
coat; and for colours, materials, sizes and seasons the vocabularies: cotton is Baumwolle, since both mean the same.
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
    """languages: every language there is; words: those of each language; catalogue: the language of the catalogue.

    given: language -> attribute -> the catalogue's word -> its word there, from words.toml. benefits: by language.
    """

    def __init__(
        self,
        languages: Mapping[str, Language],
        words: Mapping[str, Iterable[Words]],
        given: Mapping[str, Mapping[str, Mapping[str, str]]],
        benefits: Mapping[str, Benefits],
        catalogue: str,
    ) -> None:
        self.languages, self.benefits, self.catalogue = dict(languages), benefits, catalogue
        self._words, self._given = words, given

    @classmethod
    def of(cls, languages: Mapping[str, Language], catalogue: str, own: str = "") -> Dictionary:
        """The dictionary of the languages' files; own: folder of the shop's own languages."""
        words = {name: load_words((name,), own) for name in languages}
        given = {name: load_translations(name, own) for name in languages}
        return cls(languages, words, given, {name: load_benefits(name, own) for name in languages}, catalogue)

    def is_in(self, text: str, language: str) -> bool:
        """Whether a text of the catalogue can be in the language: one in Latin letters is in the catalogue's own."""
        script = self.languages[language]
        if not is_written(text, script):
            return False
        # Latin letters and shared ones (Chinese characters are Japanese, too) tell no language by themselves.
        tells = not is_latin(script) and has_must(text, script)
        return tells or language == self.catalogue

    def word(self, words: Iterable[str], language: str, attribute: str) -> str | None:
        """The first of an item's words for one attribute that is in the language, or else a translation."""
        words = tuple(words)
        own = next((word for word in words if self.is_in(word, language)), None)
        return own or next(filter(None, (self._translation(word, language, attribute) for word in words)), None)

    def meanings(self, attribute: str, words: Iterable[str]) -> list[tuple[str, str]]:
        """What an attribute's words are called in a file of benefits: (attribute, word), and (kind, meaning)."""
        kind, words = kind_of(attribute), tuple(words)
        known = (meaning for word in words for meaning in self._meanings.get((kind, _key(word)), ()))
        return [*((attribute, word) for word in words), *known]

    def _translation(self, word: str, language: str, attribute: str) -> str | None:
        given = self._given[language].get(attribute, {}).get(_key(word))
        kind = kind_of(attribute)
        if given or kind not in _BY_MEANING:
            return given
        return next(
            filter(None, (self._first[language].get(name) for name in self._meanings.get((kind, _key(word)), ()))), None
        )

    @cached_property
    def _meanings(self) -> Mapping[tuple[str, str], list[tuple[str, str]]]:
        """(kind, word) -> what it means, as (kind, name)."""
        found: dict[tuple[str, str], list[tuple[str, str]]] = defaultdict(list)
        for one in (one for words in self._words.values() for one in words if one.kind != "trap"):
            for form in one.forms:
                found[one.kind, _key(form)].append((one.kind, one.name))
        return dict(found)

    @cached_property
    def _first(self) -> dict[str, dict[tuple[str, str], str]]:
        """Language -> meaning -> its first word there."""
        return {
            language: {(one.kind, one.name): one.forms[0].rstrip("?") for one in words if one.forms}
            for language, words in self._words.items()
        }


@cache
def shipped_dictionary() -> Dictionary:
    """That of the shipped languages, for a catalogue in English."""
    return Dictionary.of(load_languages(), "en")


def _key(form: str) -> str:
    return fold(form.rstrip("?")).replace(" ", "").replace("-", "")
