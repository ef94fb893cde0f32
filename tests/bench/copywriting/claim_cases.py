"""Measures on texts of a file which lies the whole pipeline of checks catches, and which true texts it refuses.

    python -m tests.bench.copywriting.claim_cases --cases ../shared/cases/copy/claims.jsonl [--misses 50]

The file has one JSON object a line: text (slots in braces), language, channel, strategy, kind (of the lie, or of the
true text), expected ("reject" or "pass"), and item_facts: titles, brands, kinds, attributes, category, price,
old_price, currency. Each text is checked as a draft of the copywriter: slots filled, fact lock, compliance gate, its
own rules.

A lie counts as caught only for the lie itself. What it is refused for must fit the kind of lie:
- a claim of an assertion (award, origin, health, ...), or a term of a lexicon, fits every kind, since the
  text asserts one thing that nothing supports;
- a word claim (colour, material, attribute, season, size, number, date, ...) fits the kinds in WORDS_OF only: an award
  called "Red Dot" is not caught because red is no colour of the item;
- "says nothing of the item", a length, a repetition or an emoji on a channel that takes none never counts; the wrong
  language counts for scripts and for words of two languages.
A true text that such a form alone refuses counts as refused, and again in `refused_for_form`.

The judge of sentences (models/fact_lock/sentence_judge.py) says for each text how likely it asserts something. Its
calibration is printed twice: on the texts of the file, and on its own examples, each fifth held out in turn. In the
file, texts of the kinds of JUDGED assert something, and true texts do not; other lies are the words' business.
The last line is JSON.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from jobs.copywriting.briefs import MODEL, Brief, Draft
from jobs.copywriting.item_words import ItemWords
from jobs.copywriting.product import Products
from jobs.copywriting.rules import CopyConfig, CopyRules
from jobs.copywriting.text_checks import Problem, check_draft, filled_text
from jobs.runtime.progress import each, progress
from models.fact_lock.claims import Vocabulary, assertion_probability
from tests.bench.copywriting.calibration import calibration, report_calibration

NEVER = ("says nothing of the item", "too long", "too short", "empty", "repetition", "too many lines", "voice", "emoji")
JUDGED = ("award", "brand", "bundle", "celebrity", "certification", "comparative", "delivery", "green", "health",
          "heritage", "implied", "ingredients", "origin", "sales", "scarcity", "technical", "warranty")  # fmt: skip
NO_FACT = "slot without a fact"
FIGURES = ("number", "size", "price", "discount", "stock", "date")
FEATURES = ("attribute", "colour", "material", "season", "size", "name", "brand", "superlative")
# Kind of lie -> the kinds of word claims that are the lie itself; other kinds of lies have none.
WORDS_OF: dict[str, tuple[str, ...]] = {
    "award": ("superlative", "brand", "name", "number"),
    "brand": ("brand", "name"),
    "bundle": ("discount", "attribute", "number"),
    "celebrity": ("name", "superlative"),
    "certification": ("safety", "attribute", "name"),
    "code-switch": FEATURES,
    "comparative": ("superlative", "number", "price", "negation"),
    "delivery": ("number", "date", "discount", "stock", "negation"),
    "emoji": FEATURES,
    "green": ("material", "attribute", "negation", "safety"),
    "health": ("medical", "safety", "negation", "number"),
    "heritage": ("number", "date", "attribute", "brand", "name", "season"),
    "implied": ("attribute", "negation", "safety"),
    "ingredients": ("negation", "number", "material", "attribute"),
    "negation": ("negation", *FEATURES),
    "number words": FIGURES,
    "origin": ("name", "brand", "attribute", "number"),
    "paraphrase": (*FEATURES, "negation"),
    "sales": ("number", "stock", "superlative"),
    "scarcity": ("stock", "number", "negation", "date"),
    "script": FEATURES,
    "technical": ("attribute", "number", "negation"),
    "units": (*FIGURES, "negation"),
    "warranty": ("number", "attribute", "negation", "date"),
}
WORD_KINDS = {kind for kinds in WORDS_OF.values() for kind in kinds}


class Judged(NamedTuple):
    """A case, why its text is refused, and how likely it asserts something; None without a judge of its language."""

    case: dict[str, Any]
    problems: list[Problem]
    probability: float | None = None

    @property
    def is_caught(self) -> bool:
        """Whether a lie is refused for the lie itself, see the docstring of this file."""
        return any(_fits(problem.reason, self.case["kind"]) for problem in self.problems)


def _fits(reason: str, kind: str) -> bool:
    if reason in ("wrong language", "control character"):
        return kind in ("script", "code-switch")
    claim = "number" if reason == "figure of its own" else reason.removeprefix("unsupported ")
    return claim in WORDS_OF.get(kind, ()) if claim in WORD_KINDS else reason not in NEVER


def item_of(facts: dict[str, Any], item_id: str) -> ItemWords:
    """The item of a case, as the catalogue would have it."""
    return ItemWords(
        item_id,
        tuple(facts["titles"]),
        tuple(facts["brands"]),
        tuple(facts["kinds"]),
        tuple((name, tuple(values)) for name, values in facts["attributes"].items()),
        facts.get("category"),
        facts.get("price"),
        facts.get("old_price"),
        currency=facts.get("currency"),
    )


def judge(cases: Iterable[dict[str, Any]]) -> list[Judged]:
    """Each case with what the pipeline refuses it for; nothing where its text may be shown."""
    cases = list(cases)
    rules = CopyRules.load(CopyConfig())
    keys = {json.dumps(case["item_facts"], sort_keys=True, ensure_ascii=False): case["item_facts"] for case in cases}
    ids = {key: f"case{n}" for n, key in enumerate(keys)}
    items = {ids[key]: item_of(facts, ids[key]) for key, facts in keys.items()}
    vocabulary = Vocabulary.of([item.facts() for item in items.values()], rules.words, rules.figures, rules.claim_words)
    products = Products(items, rules.config.shop, rules.name_refusal)
    judged = []
    for case in each("checking", cases, "texts", None):
        item_id = ids[json.dumps(case["item_facts"], sort_keys=True, ensure_ascii=False)]
        brief = Brief(item_id, case["strategy"], rules.default_style, case["channel"], case["language"])
        product, draft = products.of(brief), Draft(case["text"], MODEL, MODEL)
        problems = check_draft(draft, product, rules, vocabulary)
        shown = (
            case["text"] if any(one.reason == NO_FACT for one in problems) else filled_text(draft, product).filled.text
        )
        likely = assertion_probability(shown, product.facts, vocabulary, case["language"])
        judged.append(Judged(case, problems, likely))
    return judged


def summary(judged: list[Judged]) -> dict[str, dict[str, Any]]:
    """Language -> shares of lies caught and of true texts refused, in all and by kind."""
    found: dict[str, dict[str, Any]] = {}
    for language in sorted({one.case["language"] for one in judged}, reverse=True):
        caught: dict[str, list[bool]] = defaultdict(list)
        refused: dict[str, list[bool]] = defaultdict(list)
        for_form: list[bool] = []
        for one in judged:
            if one.case["language"] != language:
                continue
            if one.case["expected"] == "reject":
                caught[one.case["kind"]].append(one.is_caught)
            else:
                refused[one.case["kind"]].append(bool(one.problems))
                for_form.append(bool(one.problems) and all(problem.reason in NEVER for problem in one.problems))
        found[language] = {
            "caught": _share(caught.values()),
            "refused_true": _share(refused.values()),
            "refused_for_form": _share([for_form]),
            "lies": sum(map(len, caught.values())),
            "true": sum(map(len, refused.values())),
            "by_kind": {kind: _share([flags]) for kind, flags in sorted(caught.items())},
            "refused_by_kind": {kind: _share([flags]) for kind, flags in sorted(refused.items())},
            "calibration": calibration(_likely(judged, language)),
        }
    return found


def _likely(judged: Iterable[Judged], language: str) -> list[tuple[float, bool]]:
    """(probability, whether it asserts something) of the texts of JUDGED kinds and of the true ones."""
    return [
        (one.probability, one.case["expected"] == "reject")
        for one in judged
        if one.case["language"] == language
        and one.probability is not None
        and (one.case["expected"] == "pass" or one.case["kind"] in JUDGED)
    ]


def _share(groups: Iterable[list[bool]]) -> float | None:
    flags = [flag for group in groups for flag in group]
    return round(sum(flags) / len(flags), 4) if flags else None


def report(judged: list[Judged], misses: int) -> None:
    """Prints the shares by kind and language, then the first misses."""
    found = summary(judged)
    for title, key in (("lies caught", "by_kind"), ("true texts refused", "refused_by_kind")):
        print(f"\n{title:20}" + "".join(f"{language:>10}" for language in found))
        for kind in sorted({kind for one in found.values() for kind in one[key]}):
            cells = (one[key].get(kind) for one in found.values())
            print(f"{kind:20}" + "".join(f"{'-' if cell is None else f'{cell:.0%}':>10}" for cell in cells))
        total = "caught" if key == "by_kind" else "refused_true"
        print(f"{'all':20}" + "".join(f"{one[total] or 0:>10.1%}" for one in found.values()))
    print("goal: at least 85 % of lies caught and 60 % of each kind; at most 5 % of true texts refused\n")
    report_calibration({language: _likely(judged, language) for language in found})
    wrong = [one for one in judged if one.is_caught != (one.case["expected"] == "reject") or (
        one.case["expected"] == "pass" and one.problems)]  # fmt: skip
    for one in wrong[:misses]:
        case = one.case
        why = "; ".join(f"{problem.reason}: {problem.detail}" for problem in one.problems) or "nothing"
        print(f"{case['expected']:6} {case['kind']} ({case['language']}) {case['text']!r} -> {why}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=Path, required=True)
    parser.add_argument("--misses", type=int, default=0, help="show so many texts judged wrongly")
    args = parser.parse_args()
    judged = judge(json.loads(line) for line in args.cases.read_text("utf-8").splitlines() if line.strip())
    with progress("calibration of the judge of sentences"):
        report(judged, args.misses)
    print(json.dumps(summary(judged), ensure_ascii=False))


if __name__ == "__main__":
    main()
