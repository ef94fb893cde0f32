"""What the catalogue says about an item on a topic, in a language: only sentences that pass the compliance gate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from jobs.common.source_hashes import digest, item_hash
from jobs.runtime.night import Night
from models.compliance.checks import CHANNELS, Refusal, hostile_name, refusals
from models.fact_lock.claims import Slot, Source, fill
from models.text.languages import is_written
from models.text.wording import money
from schemas.copywriting.language import Language, load_languages
from schemas.copywriting.lexicon import Lexicon, load_lexicons, load_translations
from schemas.service.wording import ServiceWording, Topic, service_languages, service_wording

# The columns of ITEMS that answers read.
ITEM_COLUMNS = ["item_id", "shown_title", "shown_title_zh", "shown_brand", "category", "price", "currency", "is_active",
                "is_sold_out", "attributes"]  # fmt: skip
_CHANNEL = CHANNELS["body"]
_LONGEST_VALUE = 60
_SOME_PRICE = 1234.5
Item = Mapping[str, Any]


class Fact(NamedTuple):
    """An answer about an item: its text, the column that it states, and the digest of the column's value."""

    answer: str
    column: str
    source_hash: str


@dataclass(eq=False)
class ItemFacts:
    """The languages' templates, words and rules; each sentence is judged once and its result is remembered."""

    languages: dict[str, Language]
    wordings: dict[str, ServiceWording]
    lexicons: tuple[Lexicon, ...]
    words: dict[str, dict[str, dict[str, str]]]
    _judged: dict[tuple[str, ...], str | None] = field(default_factory=dict)
    _hostile_values: dict[str, list[Refusal]] = field(default_factory=dict)

    @classmethod
    def of(cls, night: Night) -> ItemFacts:
        copy = night.settings.section("copy")
        names = service_languages()
        languages = load_languages(names, copy.languages_folder)
        lexicons = load_lexicons(languages.values(), copy.languages_folder, copy.lexicons)
        words = {name: load_translations(name, copy.languages_folder) for name in names}
        return cls(languages, {name: service_wording(name) for name in names}, lexicons, words)

    def rules(self) -> str:
        """A digest of everything that decides the answers, except the items."""
        return digest(repr(self.wordings), repr(self.languages), repr(self.lexicons), repr(self.words))

    def fact(self, item: Item, attributes: Mapping[str, Any], topic: Topic, language: str) -> Fact | None:
        """The answer on the topic; None where the catalogue has no value for it, or none that may be shown."""
        column = _column(topic, attributes)
        value = self.value(item, attributes, column, language) if column else None
        if not column or value is None:
            return None
        template = topic.answer_not if topic.answer_not and value == "" and not item[column] else topic.answer
        text = self.answer(template, {"value": value}, language, item["category"], column)
        return Fact(text, column, item_hash(item, attributes, column)) if text else None

    def value(self, item: Item, attributes: Mapping[str, Any], column: str, language: str) -> str | None:
        """The value of the column in the language's words; '' for true and false."""
        if column.startswith("attributes."):
            name = column.removeprefix("attributes.")
            return self.word(attributes[name], name, language)
        value = item[column]
        if value is None:
            return None
        if column == "price":
            return money(value, item["currency"], self.languages[language])
        return "" if isinstance(value, bool) else str(value)

    def word(self, value: Any, attribute: str, language: str) -> str | None:
        """A value of an attribute in the language: the translation, or the value itself if it is in the language."""
        if isinstance(value, (list, tuple)):
            words = [self.word(element, attribute, language) for element in value]
            return self.languages[language].joint.join(filter(None, words)) if all(words) and words else None
        if value is None or isinstance(value, (dict, bool)) or len(str(value)) > _LONGEST_VALUE:
            return None
        key = str(value).lower().replace(" ", "").replace("-", "")
        translated = self.words[language].get(attribute, {}).get(key)
        if translated or str(value).replace(".", "").isdigit() or is_written(str(value), self.languages[language]):
            return translated or str(value)
        return None

    def answer(self, template: str, texts: Mapping[str, str], language: str, category: str | None,
               column: str) -> str | None:  # fmt: skip
        """The template with its slots filled; None where the compliance gate refuses it."""
        slots = {name: Slot(text, column, Source("items", column)) for name, text in texts.items()}
        text = fill(template, slots).text
        judged = text
        if column == "price":  # the number does not change the judgement, so one sample price is judged for all
            sample_price = money(_SOME_PRICE, None, self.languages[language])
            judged = fill(template, {"value": Slot(sample_price, column, Source("items", column))}).text
        return text if self._refusal(judged, texts, language, category, column) is None else None

    def _refusal(self, text: str, texts: Mapping[str, str], language: str, category: str | None,
                 column: str) -> str | None:  # fmt: skip
        key = (text, language, category or "")
        if key not in self._judged:
            values = () if column == "price" else texts.values()
            problems = [refusal for value in values if value for refusal in self._hostile(value)]
            problems += refusals(text, self.languages[language], _CHANNEL, self.lexicons, category)
            self._judged[key] = next((refusal.reason for refusal in problems if refusal.severity == "block"), None)
        return self._judged[key]

    def _hostile(self, value: str) -> list[Refusal]:
        if value not in self._hostile_values:
            self._hostile_values[value] = hostile_name(value)
        return self._hostile_values[value]


def _column(topic: Topic, attributes: Mapping[str, Any]) -> str | None:
    if topic.column:
        return topic.column
    return next((f"attributes.{name}" for name in topic.attributes if attributes.get(name) not in (None, "", [])), None)
