"""The rules that copy is written by: settings, voices, templates, calendar, lexicons, and what a person decided."""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from models.compliance.checks import CHANNELS as LIMITS
from models.compliance.checks import hostile_name
from models.core.config import check_bounds
from schemas.copywriting.lexicon import Lexicon, Words, load_lexicons, load_words
from schemas.copywriting.review import Review, load_review
from schemas.copywriting.voice import Voice, load_voices
from schemas.copywriting.wording import Season, Templates, load_seasons, load_templates
from schemas.tables.copywriting import CHANNELS, COPY_SOURCES, STRATEGIES

RULES = "2"  # rises where the code below writes or checks differently, so that everything is written again


@dataclass(frozen=True)
class CopyConfig:
    """Which copy is made, by which rules."""

    languages: tuple[str, ...] = field(
        default=("en", "zh"), metadata={"doc": "made where an item has a title in it; the first for visitors"}
    )
    countries: tuple[str, ...] = field(
        default=("CN=zh", "HK=zh", "MO=zh", "TW=zh", "China=zh", "Hong Kong=zh", "Taiwan=zh"),
        metadata={"doc": "users.country=language; all others read the first language"},
    )
    strategies: tuple[str, ...] = field(default=STRATEGIES, metadata={"doc": "those that are made"})
    channels: tuple[str, ...] = field(default=CHANNELS, metadata={"doc": "those that are made"})
    variants: int = field(default=2, metadata={"doc": "texts of each brief, tried beside each other", "least": 1})
    most_briefs: int = field(
        default=400_000, metadata={"doc": "those that most users need; the others go without", "least": 1}
    )
    candidates: int = field(
        default=4, metadata={"doc": "that the copywriter gives for each brief, where there is one", "least": 1}
    )
    most_drafted: int = field(
        default=5_000,
        metadata={
            "doc": "briefs a night that the copywriter drafts, the most needed; the rest are templates until then",
            "least": 1,
        },
    )
    draft_workers: int = field(
        default=0, metadata={"doc": "that draft at once; 0: Spark's cores. With GPUs, as many as there are", "least": 0}
    )
    seed: int = field(default=7, metadata={"doc": "of the copywriter's draws and of the shares of wordings"})
    shop: str = field(default="Nightmarket", metadata={"doc": "how the shop signs SMS"})
    voices: str = field(
        default="", metadata={"doc": "folder of audience styles; empty: those in schemas/copywriting/voices"}
    )
    templates: str = field(
        default="", metadata={"doc": "folder of templates; empty: those in schemas/copywriting/templates"}
    )
    seasons: str = field(
        default="", metadata={"doc": "TOML calendar of events; empty: schemas/copywriting/templates/seasons.toml"}
    )
    lexicons: tuple[str, ...] = field(default=(), metadata={"doc": "of compliance, names or files; none: all shipped"})
    vocabularies: tuple[str, ...] = field(default=(), metadata={"doc": "files of further words that state a fact"})
    review: str = field(default="", metadata={"doc": "TOML of approved and blocked texts, as the review page exports"})
    review_rows: int = field(default=30_000, metadata={"doc": "texts on the review page, at most"})
    new_days: int = field(
        default=14, metadata={"doc": "an item is new that the catalogue so long ago did not have", "least": 1}
    )
    price_days: int = field(default=30, metadata={"doc": "nights whose lowest price a drop is told from", "least": 1})
    drop_days: int = field(default=3, metadata={"doc": "nights for which a lower price is news", "least": 1})
    least_drop: float = field(
        default=0.05, metadata={"doc": "share by which a price must fall to be news", "above": 0, "below": 1}
    )
    least_share: float = field(
        default=0.1, metadata={"doc": "no wording is chosen less often, until it retires", "above": 0, "below": 1}
    )
    most_change: float = field(
        default=0.1, metadata={"doc": "by which a wording's share moves in a night, at most", "above": 0, "below": 1}
    )
    retire_after: int = field(
        default=2_000,
        metadata={
            "doc": "shown so often, a wording still at the least share retires, and a text that surely lost",
            "least": 1,
        },
    )
    retire_chance: float = field(
        default=0.99,
        metadata={
            "doc": "that a text is clicked less than its brief's others, at least, for it to retire",
            "above": 0,
            "below": 1,
        },
    )

    def __post_init__(self) -> None:
        check_bounds(self)
        for name, known in (("strategies", STRATEGIES), ("channels", CHANNELS)):
            if strange := set(getattr(self, name)) - set(known):
                raise ValueError(f"{name} has {sorted(strange)}; there are {', '.join(known)}")
        if not self.shop.strip():
            raise ValueError("shop is empty; it signs every SMS, such as 'Nightmarket'")
        if wrong := hostile_name(self.shop):
            raise ValueError(f"shop is {self.shop!r}, which no text may show: {wrong[0].reason} ({wrong[0].detail})")
        if not self.languages:
            raise ValueError("languages must name one at least")
        for pair in self.countries:
            if pair.partition("=")[2] not in (*self.languages, "zh"):
                raise ValueError(f"countries must be country=language of {', '.join(self.languages)}, not '{pair}'")


@dataclass(frozen=True)
class Rules:
    """Everything that is read from files before a word is written; loading it refuses what cannot be used."""

    config: CopyConfig
    voices: Mapping[str, Voice]
    templates: Templates
    seasons: tuple[Season, ...]
    lexicons: tuple[Lexicon, ...]
    words: tuple[Words, ...]
    review: Review
    _digests: dict[tuple[str, ...], str] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def load(cls, config: CopyConfig) -> Rules:
        """Raises VoiceError, LexiconError or FileNotFoundError, each naming file and place."""
        voices = load_voices(config.voices, config.languages)
        return cls(
            config,
            voices,
            load_templates(config.templates, config.languages, voices),
            load_seasons(config.seasons, config.languages, voices),
            load_lexicons(*config.lexicons),
            load_words(*config.vocabularies),
            load_review(config.review),
        )

    def refuse_unknown(self, copy: Mapping[str, Sequence[str]]) -> None:
        """Raises ValueError where an arm (label -> who writes there) names a template that there is not."""
        known = sorted({template.name for group in self.templates.groups.values() for template in group})
        for arm, names in copy.items():
            for name in names:
                if name not in (*COPY_SOURCES, *known):
                    near = ", ".join(difflib.get_close_matches(name, known, 5, 0))
                    raise ValueError(
                        f"experiments: {arm}: copy has no '{name}'; there are {', '.join(COPY_SOURCES)} and "
                        f"{len(known)} templates, the nearest by name {near}; column wording of the table copy has them"
                    )

    @property
    def default_style(self) -> str:
        return next(voice.name for voice in self.voices.values() if voice.is_default)

    @property
    def language_of(self) -> dict[str, str]:
        """Country -> language, of those that are made."""
        pairs = (pair.partition("=") for pair in self.config.countries)
        return {country: language for country, _, language in pairs if language in self.config.languages}

    def spoken(self, strategy: str, channel: str, language: str, style: str) -> str:
        """The style that a brief is made for: the default where no template is for the style itself."""
        if any(t.style == style for t in self.templates.groups[strategy, channel, language]):
            return style
        return self.default_style

    def digest(self, strategy: str, style: str, channel: str, language: str) -> str:
        """Changes where anything changes that texts of this group are written or checked by."""
        key = (strategy, style, channel, language)
        if key not in self._digests:
            told = (
                RULES,
                self.config.shop,
                self.config.variants,
                [(t.style, t.text) for t in self.templates.groups[strategy, channel, language]],
                self.voices[style].guide(language),
                self._told_of(language),
                LIMITS[channel],
            )
            self._digests[key] = _hash(told)
        return self._digests[key]

    def _told_of(self, language: str) -> str:
        """Of the lexicons and vocabularies, which are large: once for each language."""
        if (language,) not in self._digests:
            lexicons = [lexicon for lexicon in self.lexicons if lexicon.language == language]
            self._digests[language,] = _hash((lexicons, self.words))
        return self._digests[language,]


def _hash(told: object) -> str:
    return hashlib.sha256(repr(told).encode()).hexdigest()[:12]
