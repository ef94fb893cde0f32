"""Calibration of the judge of sentences: of texts to which it gives 0.8, eight in ten must assert something."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

from models.fact_lock.sentence_judge import SentenceJudge, with_holes
from models.text.numerals import fold
from schemas.copywriting.claims import ClaimWords, load_claim_words

EDGES = (0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 1.0)
FOLDS = 5
Judgement = tuple[float, bool]  # the probability given, and whether the text asserts something


def calibration(judgements: Sequence[Judgement]) -> dict[str, Any] | None:
    """{"brier": mean squared error, "bins": [[mean probability, share that asserts, texts], ...]}.

    None for no texts.
    """
    if not judgements:
        return None
    bins = []
    for low, high in itertools.pairwise(EDGES):
        within = [judgement for judgement in judgements if low <= judgement[0] < high or judgement[0] == high == 1]
        if within:
            mean_probability, share_asserting = (sum(column) / len(within) for column in zip(*within, strict=True))
            bins.append([round(mean_probability, 3), round(share_asserting, 3), len(within)])
    brier = sum((probability - asserts) ** 2 for probability, asserts in judgements) / len(judgements)
    return {"brier": round(brier, 4), "bins": bins}


def held_out(words: ClaimWords) -> list[Judgement]:
    """(probability, whether it asserts) of the language's examples, by cross-validation: a fifth of each kind held out.

    Examples next to each other in a kind have one author and one style; texts of other authors are the harder test.
    """
    examples = words.examples
    if examples is None:
        return []
    numbered = [
        (n % FOLDS, fold(sentence), asserts)
        for kinds, asserts in ((examples.asserts, True), (examples.plain, False))
        for sentences in kinds.values()
        for n, sentence in enumerate(sentences)
    ]
    judgements = []
    for out in range(FOLDS):
        taught = [(sentence, asserts) for fold_of, sentence, asserts in numbered if fold_of != out]
        judge = SentenceJudge.learn(
            [sentence for sentence, asserts in taught if asserts],
            [sentence for sentence, asserts in taught if not asserts],
            words.spaces,
        )
        judgements += [
            (judge.probability(with_holes(example)), asserts) for of, example, asserts in numbered if of == out
        ]
    return judgements


def report_calibration(of_file: Mapping[str, Sequence[Judgement]]) -> None:
    """Prints both calibrations of each language. of_file: language -> judgements of the texts of a file."""
    for words in load_claim_words():
        for where, judgements in (
            ("the file", of_file.get(words.language, ())),
            ("held-out examples", held_out(words)),
        ):
            if figures := calibration(judgements):
                print(
                    f"judge of sentences ({words.language}), {where}: Brier {figures['brier']}; given -> true (texts)"
                )
                print(
                    "  "
                    + ", ".join(
                        f"{probability:.2f} -> {share:.2f} ({texts})" for probability, share, texts in figures["bins"]
                    )
                )
