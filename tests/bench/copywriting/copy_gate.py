"""The shop's own gate for texts of a bench: fact lock and compliance rules, with a row's attributes as facts."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Sequence

from models.compliance.checks import CHANNELS, refusals
from models.copywriting.prompts import Prompt
from models.fact_lock.claims import ItemFacts, Vocabulary, banned_words, unsupported
from schemas.copywriting.claims import load_claim_words
from schemas.copywriting.language import load_languages
from schemas.copywriting.lexicon import load_lexicons, load_words

TITLE = "name"  # the attribute that holds the words of an item's title


class Gate:
    """The gate for items of one language. An item's facts are its prompt's attributes; its name is its title."""

    def __init__(self, prompts: Sequence[Prompt], language: str) -> None:
        """prompts: the prompts of all items of the catalogue; the vocabulary is made from their values."""
        self.language = language
        self.lexicons = load_lexicons()
        self.script = load_languages()[language]
        self._facts: dict[Prompt, ItemFacts] = {}
        self.vocabulary = Vocabulary.of(
            [self.facts(prompt) for prompt in prompts], load_words(), languages=load_claim_words()
        )

    def facts(self, prompt: Prompt) -> ItemFacts:
        if prompt not in self._facts:
            values: dict[str, list[str]] = defaultdict(list)
            for name, value in prompt.attributes:
                values[name].append(value)
            title = " ".join(values.pop(TITLE, []))
            attributes = {name: tuple(texts) for name, texts in values.items()}
            self._facts[prompt] = ItemFacts(f"row {len(self._facts)}", attributes, titles=(title,) if title else ())
        return self._facts[prompt]

    def why(self, prompt: Prompt, text: str) -> list[tuple[str, str]]:
        """Every (reason, words) for which the gate refuses the text."""
        refused = refusals(text, self.script, CHANNELS["blurb"], self.lexicons)
        wrong = unsupported(text, self.facts(prompt), self.vocabulary, self.language)
        reasons = [(f"unsupported {claim.kind}", text[claim.start : claim.end]) for claim in wrong]
        return reasons + [(problem.reason, problem.detail) for problem in refused if problem.severity == "block"]

    def passes(self, prompt: Prompt, text: str) -> bool:
        return bool(text) and not self.why(prompt, text)

    def with_banned(self, prompt: Prompt) -> Prompt:
        """The prompt, to which the words are added that its item does not support and the network must not write."""
        return dataclasses.replace(prompt, banned=banned_words(self.facts(prompt), self.vocabulary))
