"""Whether the judge of sentences is as sure as it should be: of texts given 0.8, eight in ten must assert something."""

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
        within = [one for one in judgements if low <= one[0] < high or one[0] == high == 1]
        if within:
            given, true = (sum(column) / len(within) for column in zip(*within, strict=True))
            bins.append([round(given, 3), round(true, 3), len(within)])
    brier = sum((given - asserts) ** 2 for given, asserts in judgements) / len(judgements)
    return {"brier": round(brier, 4), "bins": bins}


def held_out(words: ClaimWords) -> list[Judgement]:
    """The language's examples, each judged by what the other folds teach: one in five of each kind is held out.

    Neighbours in a kind are by one author, and alike in style; texts by others are the harder test.
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
    found = []
    for out in range(FOLDS):
        taught = [(sentence, asserts) for fold_of, sentence, asserts in numbered if fold_of != out]
        judge = SentenceJudge.learn(
            [sentence for sentence, asserts in taught if asserts],
            [sentence for sentence, asserts in taught if not asserts],
            words.spaces,
        )
        found += [(judge.probability(with_holes(one)), asserts) for of, one, asserts in numbered if of == out]
    return found


def report_calibration(of_file: Mapping[str, Sequence[Judgement]]) -> None:
    """Prints both calibrations of each language. of_file: language -> the judgements of a file's texts."""
    for words in load_claim_words():
        for where, judgements in (
            ("the file", of_file.get(words.language, ())),
            ("held-out examples", held_out(words)),
        ):
            if found := calibration(judgements):
                print(f"judge of sentences ({words.language}), {where}: Brier {found['brier']}; given -> true (texts)")
                print("  " + ", ".join(f"{given:.2f} -> {true:.2f} ({texts})" for given, true, texts in found["bins"]))
