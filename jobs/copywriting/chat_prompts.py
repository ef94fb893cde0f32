"""A brief -> the message for an instruct model: the item's facts, the voice, the slots, and example texts.

The other words of the message are data: prompt.toml of the brief's language. A message is about one item and one voice.
Nothing in it comes from a user. It has no figures of the item: figures are slots, which the shop fills.
"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from jobs.copywriting.briefs import Brief
from jobs.copywriting.drafts import prompt_of
from jobs.copywriting.product import Product
from jobs.copywriting.winning_texts import approved_texts, learnable, won_texts
from jobs.copywriting.writer import CopyInputs
from jobs.runtime.night import Night
from models.compliance.checks import CHANNELS as LIMITS
from models.compliance.checks import SEGMENTS
from models.copywriting.prompts import Prompt, has_digit
from models.instruct.answers import Chatter
from models.instruct.chat_prompt import ChatPrompt
from schemas.copywriting.language import Language
from schemas.copywriting.prompt import PromptWords, load_prompts
from schemas.copywriting.wording import SLOTS

Lesson = tuple[Brief, Prompt, str]
_SLOT = re.compile(r"\{(\w+)\}")


class ChatPrompts:
    """Makes the messages of a night.

    lessons: texts of the shop that serve as examples, best last. A message shows those of the brief's strategy, channel
    and language; texts in the brief's voice come first.
    """

    def __init__(self, inputs: CopyInputs, lessons: Iterable[Lesson] = ()) -> None:
        self.inputs = inputs
        self.words = prompt_words(inputs)
        self._lessons: dict[tuple[str, str, str], list[tuple[str, str]]] = defaultdict(list)
        for brief, _, text in lessons:
            self._lessons[brief.strategy, brief.channel, brief.language].append((brief.style, text))

    @classmethod
    def of(cls, night: Night, inputs: CopyInputs) -> ChatPrompts:
        """Prompts whose examples are the texts that won by clicks and the texts that a person approved."""
        training = night.settings.section("copywriter_training")
        won = won_texts(night, training.won_after, training.won_chance, training.most_won)
        return cls(inputs, learnable([*won, *approved_texts(inputs.rules)], inputs))

    def prompt(self, brief: Brief, count: int, examples: int) -> ChatPrompt:
        """The message that asks for `count` texts and shows up to `examples`."""
        product, words = self.inputs.products.of(brief), self.words[brief.language]
        guide = self.inputs.rules.voices[brief.style].guide(brief.language)
        shown = self._examples(brief, product)[:examples]
        facts = _facts(product)
        message = words.filled(
            count=str(count),
            channel=words.channels[brief.channel].replace(
                "$characters", str(_characters(brief, self.inputs.rules.languages[brief.language]))
            ),
            strategy=words.strategies[brief.strategy],
            tone=guide.tone,
            use=_listed(guide.use),
            never=_listed(guide.never),
            facts="\n".join(f"- {name}: {word}" for name, word in facts) or "-",
            slots="\n".join(f"{{{slot}}}: {words.slots[slot]}" for slot in self._slots(brief, product)),
            examples="\n".join(f"- {text}" for text in shown) or "-",
        )
        chatter = Chatter(words.prefaces, words.labels, words.notes)
        attributes = tuple((name, word) for name, word in facts if name != "title")
        return ChatPrompt(message, count, attributes, chatter, frozenset(shown))

    def _slots(self, brief: Brief, product: Product) -> list[str]:
        """The slots that the item fills for this strategy and that the language describes."""
        return [
            slot for slot in SLOTS[brief.strategy] if slot in product.slots and slot in self.words[brief.language].slots
        ]

    def _examples(self, brief: Brief, product: Product) -> list[str]:
        """Texts that won or were approved, the last one first; then the voice's examples; then templates."""
        rules = self.inputs.rules
        lessons = self._lessons[brief.strategy, brief.channel, brief.language][::-1]
        own_voice = [text for style, text in lessons if style == brief.style]
        other_voices = [text for style, text in lessons if style != brief.style]
        guide_examples = rules.voices[brief.style].guide(brief.language).examples
        group = rules.templates.of(brief.strategy, brief.channel, brief.language, brief.style)
        slots = set(self._slots(brief, product))
        texts = [*own_voice, *other_voices, *guide_examples, *(template.text for template in group)]
        return list(dict.fromkeys(text for text in texts if set(_SLOT.findall(text)) <= slots))


def prompt_words(inputs: CopyInputs) -> dict[str, PromptWords]:
    """The prompts of the shop's languages; a language without a prompt has no entry."""
    config = inputs.rules.config
    return load_prompts(config.languages, config.languages_folder)


def digest_of(words: Mapping[str, PromptWords]) -> str:
    """A digest that changes when a prompt changes."""
    return hashlib.sha256(repr(sorted(words.items())).encode()).hexdigest()[:6]


def _facts(product: Product) -> list[tuple[str, str]]:
    """(name, word) of the item in the brief's language, its title first. Words with a figure are left out, since no
    draft may have a figure."""
    title = product.item.title(product.brief.language)
    pairs = [("title", title), *prompt_of(product.item, product.brief).attributes]
    return [(name, word) for name, word in pairs if word and not has_digit(word)]


def _listed(words: Sequence[str]) -> str:
    return ", ".join(words) or "-"


def _characters(brief: Brief, language: Language) -> int:
    """About how many characters the channel has room for."""
    limits = LIMITS[brief.channel]
    _, in_several = SEGMENTS["GSM-7" if language.has_spaces else "UCS-2"]
    return limits.characters or limits.segments * in_several
