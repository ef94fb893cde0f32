"""Figures of a night's answers: what the answerer's hold-out said stands among them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from jobs.runtime.model_store import save_model
from jobs.service import judge_answers
from jobs.service.desk import MODEL
from models.service.answerer import Answerer
from models.service.answerer_config import AnswererConfig
from tests.unit.jobs.service.small_shop import SmallShop, rows


def test_the_hold_outs_figures_say_whether_the_matcher_was_kept(tmp_path: Path) -> None:
    shop = SmallShop(tmp_path)
    night = shop.night("how long does a refund take")
    assert not [row for row in rows(night, "answer_quality") if row["measure"] == "matcher_kept"], (
        "nothing was held out"
    )
    answerer = Answerer.fit(["refund", "returns"], ["a", "b"], AnswererConfig())
    report = {"wordings": 400.0, "accuracy": 0.95, "accuracy_without_matcher": 0.94, "accuracy_ngrams": 0.9,
              "matcher_weight": 0.2}  # fmt: skip
    save_model(night, MODEL, replace(answerer, report=report).save)
    judge_answers.main(night)
    figures = {
        (row["measure"], row["topic"]): (row["value"], row["questions"]) for row in rows(night, "answer_quality")
    }
    assert figures["matcher_kept", "all"] == (1, 400)
    assert figures["held_out_accuracy", "all"] == (0.95, 400)
    assert figures["held_out_accuracy", "without_matcher"] == (0.94, 400)
    assert figures["held_out_accuracy", "ngrams_alone"] == (0.9, 400)
