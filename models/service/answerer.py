"""The answerer: which known answer a customer's question asks for, its chance, and the least chance to answer with.

Logistic regression on n-grams and recurrent dual encoders score every answer; a recurrent matcher reranks the likeliest
ones. Encoders and matcher are kept only if they answer held-out wordings no worse. The same wordings turn the evidence
for the best answer into a chance, and a lower confidence bound of precision gives the threshold. With few
wordings (20 answers of one wording each will do) the regression ranks alone, and the chance and the threshold are a
cautious prior, measured on CLINC150.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from models.core.manifest import read_manifest, write_manifest
from models.core.on_step import OnStep
from models.service.answerer_config import AnswererConfig
from models.service.calibration import F64, PRIOR, PRIOR_THRESHOLD, Chance
from models.service.evidence import Index, Scores, evidence_of
from models.service.held_out import Rows, Wordings, calibrate, parts_of
from models.service.learning import learn, learn_in_folds, learn_with_networks, relearn
from models.service.stored_index import load_index, save_index

Bools = NDArray[np.bool_]


class Suggestion(NamedTuple):
    """An answer and the chance that the question asks for it."""

    answer: str
    chance: float


@dataclass(frozen=True)
class Answerer:
    """What `fit` learned. `names` (V,) of the answers; `threshold`: the least chance with which to answer.

    `report`: figures of the hold-out; its `wordings` is 0 where the prior decides.
    """

    config: AnswererConfig
    names: NDArray[np.str_]
    index: Index = field(repr=False)
    chance: Chance
    threshold: float
    report: dict[str, float]

    @classmethod
    def fit(
        cls,
        texts: Sequence[str],
        answers: Sequence[str],
        config: AnswererConfig,
        outside: Sequence[str] = (),
        start: Answerer | None = None,
        held_out: Wordings | None = None,
        asked: Bools | None = None,
        on_step: OnStep | None = None,
    ) -> Answerer:
        """From wordings (n,) and the id of the answer that each asks for (n,); `outside`: questions without an answer.

        Networks begin from those of `start`, where they have the same sizes. `held_out` has the wordings to choose and
        calibrate on; by default a share of the wordings (n,) that customers `asked`, or of all. `on_step` is called
        after the networks' epochs.
        Raises ValueError where there is no wording, or not one answer for each.
        """
        if len(texts) != len(answers) or not len(texts):
            raise ValueError(f"{len(texts)} wordings and {len(answers)} answers; give one answer for each wording")
        names, codes = np.unique(np.asarray(answers, np.str_), return_inverse=True)
        everything = Rows([*texts, *outside], np.append(codes, np.full(len(outside), -1)))
        if held_out is None:
            rows = parts_of(everything, config, np.ones(len(texts), bool) if asked is None else asked)
        else:
            rows = [(everything, Rows.coded(held_out, names))]
        judged_codes = np.concatenate([judge.codes for _, judge in rows])
        if (judged_codes >= 0).sum() < config.least_held_out or len(names) < 2:
            index = learn(Rows(list(texts), codes), len(names), config)
            return cls(config, names, index, PRIOR, PRIOR_THRESHOLD, {"wordings": 0.0})
        if len(rows) > 1:  # too few wordings for networks
            index, scores, report = learn_in_folds(rows, everything, len(names), config)
        else:
            earlier = start.index if start is not None else None
            index, scores, report = learn_with_networks(*rows[0], len(names), config, earlier, on_step)
            if held_out is None:  # the n-grams then learn from all wordings; those held out can be found too
                index = relearn(index, everything, config)
        chance, threshold, figures = calibrate(scores, judged_codes, config)
        return cls(config, names, index, chance, threshold, report | figures)

    def suggest(self, questions: Sequence[str], k: int = 3) -> list[list[Suggestion]]:
        """The k likeliest answers of each question, best first; fewer where there are fewer answers.

        Raises ValueError if k is below 1.
        """
        if k < 1:
            raise ValueError(f"k is {k}; ask for at least one answer")
        if not len(questions):
            return []
        scores = self.index.scores(list(questions))
        best = self.chances(scores)
        relative = softmax(scores.blend, axis=1)
        order = np.argsort(-scores.blend, axis=1, kind="stable")[:, :k]
        suggestions = []
        for row, codes in enumerate(order):
            others = best[row] * relative[row, codes] / relative[row, codes[0]]  # as the blend sees them
            capped = np.append(best[row], np.minimum(others[1:], 1 - best[row]))
            suggestions.append([Suggestion(str(self.names[c]), float(p)) for c, p in zip(codes, capped, strict=True)])
        return suggestions

    def chances(self, scores: Scores) -> F64:
        """Chance (n,) that each question's best answer is the right one; 0 for questions without a known gram."""
        known = scores.nearest.max(axis=1) > 0
        return np.where(known, self.chance.of(evidence_of(scores)), 0.0)

    def save(self, folder: str | Path) -> None:
        """Writes the index, and manifest.json with the chance, the threshold and the report, into `folder`."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        save_index(self.index, folder)
        chance = [np.asarray(part).tolist() for part in self.chance]
        facts = {"chance": chance, "threshold": self.threshold, "report": self.report, "names": self.names.tolist()}
        write_manifest(folder, "answerer", self.config, **facts)

    @classmethod
    def load(cls, folder: str | Path, config: AnswererConfig | None = None) -> Answerer:
        """What `save` wrote. With `config`, one fitted under another config is refused.

        Raises FileNotFoundError if nothing is there; ValueError naming the settings that differ.
        """
        folder = Path(folder)
        saved, manifest = read_manifest(folder, AnswererConfig, config, _renamed)
        middle, spread, weights, constant = manifest["chance"]
        chance = _widened(Chance(np.array(middle), np.array(spread), np.array(weights), constant))
        names = np.array(manifest["names"], np.str_)
        index = load_index(folder, saved.network)
        return cls(saved, names, index, chance, manifest["threshold"], manifest["report"])


def _renamed(settings: dict[str, Any]) -> dict[str, Any]:
    """The settings of an answerer that was saved when it could have one encoder at most, under their new names."""
    if "encoder" not in settings:
        return settings
    return {name: value for name, value in settings.items() if name != "encoder"} | {
        "encoders": int(settings["encoder"])
    }


def _widened(chance: Chance) -> Chance:
    """The chance of an answerer of few wordings, saved when its prior read only the last two of six columns."""
    if len(chance.middle) != 2:
        return chance
    middle, spread, weights, constant = chance
    return Chance(np.pad(middle, (4, 0)), np.pad(spread, (4, 0), constant_values=1), np.pad(weights, (4, 0)), constant)
