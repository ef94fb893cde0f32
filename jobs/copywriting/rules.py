"""The rules of copy: settings, voices, templates, calendar, lexicons, and what people approved or blocked."""

from __future__ import annotations

import difflib
import functools
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from jobs.copywriting.briefs import CARD, NETWORK, WRITERS
from jobs.copywriting.dictionary import Dictionary
from jobs.copywriting.item_words import NameRefusal
from models.compliance.checks import CHANNELS as LIMITS
from models.compliance.checks import hostile_name
from models.compliance.names import name_refusal
from models.core.config import check_bounds
from models.fact_lock.figure_patterns import Figures
from schemas.copywriting.claims import ClaimWords, load_claim_words
from schemas.copywriting.language import Language, load_languages
from schemas.copywriting.lexicon import Lexicon, Words, load_lexicons, load_words
from schemas.copywriting.review import Review, load_review
from schemas.copywriting.voice import Voice, load_voices
from schemas.copywriting.wording import Season, Templates, load_seasons, load_templates
from schemas.tables.copywriting import CHANNELS, COPY_SOURCES, STRATEGIES

RULES = "4"  # raise it when the code writes or checks differently: then all texts are written again


@dataclass(frozen=True)
class CopyConfig:
    """Which copy is written, and by which rules."""

    languages: tuple[str, ...] = field(
        default=("en", "zh"),
        metadata={
            "doc": "copy is written in each language in which an item has a title; anonymous visitors get the first"
        },
    )
    languages_folder: str = field(
        default="",
        metadata={"doc": "folder with the shop's own languages; a file there takes the place of the shipped one"},
    )
    catalogue_language: str = field(
        default="en",
        metadata={"doc": "language of the catalogue's titles, categories and attributes (title_zh is Chinese)"},
    )
    countries: tuple[str, ...] = field(
        default=(),
        metadata={"doc": "users.country=language, such as CH=de, beside the countries that a language names itself"},
    )
    strategies: tuple[str, ...] = field(default=STRATEGIES, metadata={"doc": "strategies that copy is made for"})
    channels: tuple[str, ...] = field(default=CHANNELS, metadata={"doc": "channels that copy is made for"})
    variants: int = field(default=2, metadata={"doc": "texts of each brief, compared by clicks", "least": 1})
    card_variants: int = field(
        default=4,
        metadata={"doc": "the same for cards: a list shows many at once, and each should differ", "least": 1},
    )
    most_briefs: int = field(
        default=400_000, metadata={"doc": "most briefs that get copy, those that most users need first", "least": 1}
    )
    writer: str = field(
        default="network",
        metadata={"doc": "who drafts: network (trained from scratch), tuned, prompted or endpoint; see CHECKPOINTS.md"},
    )
    base_model: str = field(
        default="", metadata={"doc": "instruct model of a tuned, prompted or endpoint writer: a folder or hub name"}
    )
    examples_shown: int = field(
        default=4, metadata={"doc": "texts of the shop that a prompt shows, at most", "least": 0}
    )
    candidates: int = field(default=4, metadata={"doc": "drafts that the copywriter writes for each brief", "least": 1})
    most_drafted: int = field(
        default=5_000,
        metadata={
            "doc": "most briefs that the copywriter drafts in a night; templates write the others",
            "least": 1,
        },
    )
    short_drafts: tuple[str, ...] = field(
        default=("card", "push"),
        metadata={
            "doc": "channels for which a network that learned blurbs writes short texts like blurbs; where it learned "
            "few blurbs, a card is too short for it"
        },
    )
    draft_workers: int = field(
        default=0,
        metadata={
            "doc": "workers that draft at once; 0: one per core of Spark. With GPUs, set the number of GPUs",
            "least": 0,
        },
    )
    seed: int = field(
        default=7, metadata={"doc": "random seed of the copywriter's drafts and of the shares of wordings"}
    )
    shop: str = field(default="Nightmarket", metadata={"doc": "how the shop signs SMS"})
    voices: str = field(
        default="", metadata={"doc": "folder of audience styles; empty: those in schemas/copywriting/voices"}
    )
    lexicons: tuple[str, ...] = field(
        default=(), metadata={"doc": "files with more compliance lexicons, beside the languages' own"}
    )
    vocabularies: tuple[str, ...] = field(default=(), metadata={"doc": "files with more words that state a fact"})
    review: str = field(default="", metadata={"doc": "TOML of approved and blocked texts, as the review page exports"})
    review_rows: int = field(default=30_000, metadata={"doc": "most texts on the review page"})
    new_days: int = field(
        default=14, metadata={"doc": "an item is new if the catalogue of so many days ago lacks it", "least": 1}
    )
    price_days: int = field(
        default=30, metadata={"doc": "days over which the lowest earlier price is taken", "least": 1}
    )
    drop_days: int = field(
        default=3, metadata={"doc": "days for which a lower price counts as a price drop", "least": 1}
    )
    least_drop: float = field(
        default=0.05,
        metadata={"doc": "least share by which a price must fall to count as a price drop", "above": 0, "below": 1},
    )
    least_share: float = field(
        default=0.1, metadata={"doc": "least share of a wording that has not retired", "above": 0, "below": 1}
    )
    most_change: float = field(
        default=0.1, metadata={"doc": "most that a wording's share moves in a night", "above": 0, "below": 1}
    )
    retire_after: int = field(
        default=2_000,
        metadata={
            "doc": "impressions after which a wording at the least share, or a text that lost, retires",
            "least": 1,
        },
    )
    retire_chance: float = field(
        default=0.99,
        metadata={
            "doc": "least probability that a text is clicked less than the others of its brief, for it to retire",
            "above": 0,
            "below": 1,
        },
    )

    def texts_of(self, channel: str) -> int:
        """How many texts a brief of the channel gets."""
        return self.card_variants if channel == CARD else self.variants

    def __post_init__(self) -> None:
        check_bounds(self)
        if self.writer not in WRITERS:
            raise ValueError(f"writer must be one of {', '.join(WRITERS)}, not {self.writer!r}")
        if self.writer == NETWORK and self.base_model:
            raise ValueError(
                f"base_model is {self.base_model!r}, but writer is 'network', which is trained from scratch; set "
                f"writer to one of {', '.join(WRITERS[1:])}, or leave base_model empty"
            )
        if self.writer != NETWORK and not self.base_model:
            raise ValueError(f"writer is {self.writer!r}, but base_model is empty; name an instruct model")
        for name, allowed in (("strategies", STRATEGIES), ("channels", CHANNELS), ("short_drafts", CHANNELS)):
            if strange := set(getattr(self, name)) - set(allowed):
                raise ValueError(f"{name} has {sorted(strange)}; there are {', '.join(allowed)}")
        if not self.shop.strip():
            raise ValueError("shop is empty; it signs every SMS, such as 'Nightmarket'")
        if wrong := hostile_name(self.shop):
            raise ValueError(f"shop is {self.shop!r}, which no text may show: {wrong[0].reason} ({wrong[0].detail})")
        if not self.languages:
            raise ValueError("languages must name at least one language")
        for pair in self.countries:
            if pair.partition("=")[2] not in self.languages:
                raise ValueError(f"countries must be country=language of {', '.join(self.languages)}, not '{pair}'")


@dataclass(frozen=True)
class CopyRules:
    """Everything that copy reads from files. Loading raises an error where a file cannot be used.

    languages: all languages, since a catalogue may have words of any; copy is written in `config.languages`.
    """

    config: CopyConfig
    languages: Mapping[str, Language]
    voices: Mapping[str, Voice]
    templates: Templates
    seasons: tuple[Season, ...]
    lexicons: tuple[Lexicon, ...]
    words: tuple[Words, ...]
    claim_words: tuple[ClaimWords, ...]
    review: Review
    _digests: dict[tuple[str, ...], str] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def load(cls, config: CopyConfig) -> CopyRules:
        """Raises VoiceError, LanguageError, LexiconError or FileNotFoundError, each naming file and place."""
        folder, made_in = config.languages_folder, config.languages
        languages = load_languages(shop_folder=folder)
        voices = load_voices(config.voices, made_in, folder)
        return cls(
            config,
            languages,
            voices,
            load_templates(made_in, voices, folder),
            load_seasons(made_in, voices, folder),
            load_lexicons(languages.values(), folder, config.lexicons),
            load_words(languages, folder, config.vocabularies),
            load_claim_words(folder),
            load_review(config.review),
        )

    def refuse_unknown(self, copy: Mapping[str, Sequence[str]]) -> None:
        """Raises ValueError where an arm names a template that does not exist; copy: label of the arm -> kinds."""
        templates = sorted({template.name for group in self.templates.groups.values() for template in group})
        for arm, names in copy.items():
            for name in names:
                if name not in (*COPY_SOURCES, *WRITERS[1:], *templates):
                    near = ", ".join(difflib.get_close_matches(name, templates, 5, 0))
                    raise ValueError(
                        f"experiments: {arm}: copy has no '{name}'; there are "
                        f"{', '.join((*COPY_SOURCES, *WRITERS[1:]))} and {len(templates)} templates, "
                        f"the nearest by name {near}; see column wording of the table copy"
                    )

    @cached_property
    def dictionary(self) -> Dictionary:
        """The catalogue's words in all languages."""
        return Dictionary.of(self.languages, self.config.catalogue_language, self.config.languages_folder)

    def __getstate__(self) -> dict[str, Any]:
        """Another process gets only the content of the files, and judges names itself."""
        return {name: value for name, value in self.__dict__.items() if name != "name_refusal"}

    @cached_property
    def name_refusal(self) -> NameRefusal:
        """Judges each name once, since items share brands, kinds and colours."""
        languages = tuple(self.dictionary.languages.values())

        @functools.lru_cache(maxsize=100_000)
        def judged(name: str, longest: int) -> tuple[str, str] | None:
            return name_refusal(name, longest, languages, self.lexicons)

        return judged

    @cached_property
    def figures(self) -> Figures:
        """Words for numbers and units in all languages."""
        return Figures(self.languages.values())

    @property
    def default_style(self) -> str:
        return next(voice.name for voice in self.voices.values() if voice.is_default)

    @property
    def language_of(self) -> dict[str, str]:
        """Country -> language, for the languages in which copy is written; settings override the languages' files."""
        by_country = {c: name for name in reversed(self.config.languages) for c in self.languages[name].countries}
        pairs = (pair.partition("=") for pair in self.config.countries)
        return by_country | {country: language for country, _, language in pairs}

    def lexicons_of(self, language: str) -> tuple[Lexicon, ...]:
        """The lexicons that texts of the language are checked with: its own, and those of languages mixed into it."""
        holds = {language, *self.languages[language].checked_with}
        return tuple(lexicon for lexicon in self.lexicons if lexicon.language in holds)

    def spoken(self, strategy: str, channel: str, language: str, style: str) -> str:
        """The style of a brief: `style` if a template exists for it, else the default style."""
        if any(t.style == style for t in self.templates.groups[strategy, channel, language]):
            return style
        return self.default_style

    def digest(self, strategy: str, style: str, channel: str, language: str) -> str:
        """A digest that changes when any rule changes by which texts of this group are written or checked."""
        key = (strategy, style, channel, language)
        if key not in self._digests:
            parts = (
                RULES,
                self.config.shop,
                self.config.texts_of(channel),
                [(t.style, t.text) for t in self.templates.groups[strategy, channel, language]],
                self.voices[style].guide(language),
                self.languages[language],
                self._language_digest(language),
                LIMITS[channel],
            )
            self._digests[key] = _hash(parts)
        return self._digests[key]

    def _language_digest(self, language: str) -> str:
        """Digest of lexicons and vocabularies, once for each language since these are large."""
        if (language,) not in self._digests:
            self._digests[language,] = _hash(
                (self.lexicons_of(language), self.words, self.claim_words, self.dictionary.benefits[language])
            )
        return self._digests[language,]


def _hash(value: object) -> str:
    return hashlib.sha256(repr(value).encode()).hexdigest()[:12]
