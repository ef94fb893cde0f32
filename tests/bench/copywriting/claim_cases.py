"""Measures which lies in a file of texts the whole pipeline of checks catches, and which true texts it refuses.

    python -m tests.bench.copywriting.claim_cases --cases ../shared/cases/copy/claims.jsonl [--misses 50]

The file has one JSON object a line: text (slots in braces), language, channel, strategy, kind (of the lie, or of the
true text), expected ("reject" or "pass"), and item_facts: titles, brands, kinds, attributes, category, price,
old_price, currency. Each text is checked as a draft of the copywriter: slots filled, fact lock, compliance gate, its
own rules.

A lie counts as caught only if the lie itself is the reason for the refusal. The reason must fit the kind of lie:
- a claim of an assertion (award, origin, health, ...), or a term of a lexicon, fits every kind, since the
  text asserts one thing that nothing supports;
- a word claim (colour, material, attribute, season, size, number, date, ...) fits only the kinds in WORDS_OF: an award
  called "Red Dot" is not caught if the reason is that red is no colour of the item;
- "says nothing of the item", a length, a repetition or an emoji on a channel without emoji never counts; the wrong
  language counts for scripts and for words of two languages.
A true text that is refused only for its form counts as refused, and again in `refused_for_form`.

The judge of sentences (models/fact_lock/sentence_judge.py) gives for each text the probability that it asserts
something. Its calibration is printed twice: on the texts of the file, and on its own examples by cross-validation. In
the file, texts of the kinds of JUDGED assert something, and true texts do not; other lies are found by words alone.
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
# Kind of lie -> the kinds of word claims that are the lie itself; other kinds of lies have no word claims.
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
    "fact": (*FEATURES, *FIGURES, "negation"),  # the row says otherwise
    "green": ("material", "attribute", "negation", "safety"),
    "health": ("medical", "safety", "negation", "number"),
    "heritage": ("number", "date", "attribute", "brand", "name", "season"),
    "implied": ("attribute", "negation", "safety"),
    "ingredients": ("negation", "number", "material", "attribute"),
    "negation": ("negation", *FEATURES),
    "number words": FIGURES,
    "origin": ("name", "brand", "attribute", "number"),
    "paraphrase": (*FEATURES, "negation"),
    "price": FIGURES,
    "sales": ("number", "stock", "superlative"),
    "scarcity": ("stock", "number", "negation", "date"),
    "script": FEATURES,
    "technical": ("attribute", "number", "negation"),
    "units": (*FIGURES, "negation"),
    "warranty": ("number", "attribute", "negation", "date"),
}
WORD_KINDS = {kind for kinds in WORDS_OF.values() for kind in kinds}


class Judged(NamedTuple):
    """A case, why its text is refused, and the probability that it asserts something (None without a judge)."""

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
    """Each case with the pipeline's reasons to refuse it; no reason if its text may be shown."""
    cases = list(cases)
    rules = CopyRules.load(CopyConfig())
    keys = {json.dumps(case["item_facts"], sort_keys=True, ensure_ascii=False): case["item_facts"] for case in cases}
    ids = {key: f"case{n}" for n, key in enumerate(keys)}
    items = {ids[key]: item_of(facts, ids[key]) for key, facts in keys.items()}
    vocabulary = Vocabulary.of([item.facts() for item in items.values()], rules.words, rules.figures, rules.claim_words)
    products = Products(items, rules.config.shop, rules.name_refusal)
    results = []
    for case in each("checking", cases, "texts", None):
        item_id = ids[json.dumps(case["item_facts"], sort_keys=True, ensure_ascii=False)]
        brief = Brief(item_id, case["strategy"], rules.default_style, case["channel"], case["language"])
        product, draft = products.of(brief), Draft(case["text"], MODEL, MODEL)
        problems = check_draft(draft, product, rules, vocabulary)
        text = (
            case["text"]
            if any(problem.reason == NO_FACT for problem in problems)
            else filled_text(draft, product).filled.text
        )
        likely = assertion_probability(text, product.facts, vocabulary, case["language"])
        results.append(Judged(case, problems, likely))
    return results


def summary(results: list[Judged]) -> dict[str, dict[str, Any]]:
    """Language -> shares of lies caught and of true texts refused, in all and by kind."""
    by_language: dict[str, dict[str, Any]] = {}
    for language in sorted({result.case["language"] for result in results}, reverse=True):
        caught: dict[str, list[bool]] = defaultdict(list)
        refused: dict[str, list[bool]] = defaultdict(list)
        for_form: list[bool] = []
        for result in results:
            if result.case["language"] != language:
                continue
            if result.case["expected"] == "reject":
                caught[result.case["kind"]].append(result.is_caught)
            else:
                refused[result.case["kind"]].append(bool(result.problems))
                for_form.append(bool(result.problems) and all(problem.reason in NEVER for problem in result.problems))
        by_language[language] = {
            "caught": _share(caught.values()),
            "refused_true": _share(refused.values()),
            "refused_for_form": _share([for_form]),
            "lies": sum(map(len, caught.values())),
            "true": sum(map(len, refused.values())),
            "by_kind": {kind: _share([flags]) for kind, flags in sorted(caught.items())},
            "refused_by_kind": {kind: _share([flags]) for kind, flags in sorted(refused.items())},
            "calibration": calibration(_likely(results, language)),
        }
    return by_language


def _likely(results: Iterable[Judged], language: str) -> list[tuple[float, bool]]:
    """(probability, whether it asserts something) of the texts of JUDGED kinds and of the true texts."""
    return [
        (result.probability, result.case["expected"] == "reject")
        for result in results
        if result.case["language"] == language
        and result.probability is not None
        and (result.case["expected"] == "pass" or result.case["kind"] in JUDGED)
    ]


def _share(groups: Iterable[list[bool]]) -> float | None:
    flags = [flag for group in groups for flag in group]
    return round(sum(flags) / len(flags), 4) if flags else None


def report(results: list[Judged], misses: int) -> None:
    """Prints the shares by kind and language, then the first misses."""
    by_language = summary(results)
    for title, key in (("lies caught", "by_kind"), ("true texts refused", "refused_by_kind")):
        print(f"\n{title:20}" + "".join(f"{language:>10}" for language in by_language))
        for kind in sorted({kind for figures in by_language.values() for kind in figures[key]}):
            cells = (figures[key].get(kind) for figures in by_language.values())
            print(f"{kind:20}" + "".join(f"{'-' if cell is None else f'{cell:.0%}':>10}" for cell in cells))
        total = "caught" if key == "by_kind" else "refused_true"
        print(f"{'all':20}" + "".join(f"{figures[total] or 0:>10.1%}" for figures in by_language.values()))
    print("goal: at least 85 % of lies caught and 60 % of each kind; at most 5 % of true texts refused\n")
    report_calibration({language: _likely(results, language) for language in by_language})
    wrong = [result for result in results if result.is_caught != (result.case["expected"] == "reject") or (
        result.case["expected"] == "pass" and result.problems)]  # fmt: skip
    for result in wrong[:misses]:
        case = result.case
        why = "; ".join(f"{problem.reason}: {problem.detail}" for problem in result.problems) or "nothing"
        print(f"{case['expected']:6} {case['kind']} ({case['language']}) {case['text']!r} -> {why}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=Path, required=True)
    parser.add_argument("--misses", type=int, default=0, help="show so many texts judged wrongly")
    args = parser.parse_args()
    results = judge(json.loads(line) for line in args.cases.read_text("utf-8").splitlines() if line.strip())
    with progress("calibration of the judge of sentences"):
        report(results, args.misses)
    print(json.dumps(summary(results), ensure_ascii=False))


if __name__ == "__main__":
    main()
