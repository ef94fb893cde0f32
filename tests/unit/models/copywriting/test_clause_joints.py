"""Which clause reads well after which other clause."""

from __future__ import annotations

import numpy as np

from models.copywriting.clause_joints import Joints


def test_a_beginning_scores_better_after_its_usual_punctuation() -> None:
    joints = Joints(["柔软的面料，很舒适。这款上衣，很百搭。"] * 30, "zh")
    tails, heads = joints.of(["柔软的面料，", "很舒适。", "这款上衣，", "很百搭。"])
    assert joints.table[tails[1], heads[2]] > joints.table[tails[0], heads[2]]
    assert joints.ends(tails)[3] > joints.ends(tails)[0]
    assert joints.starts(heads)[0] > joints.starts(heads)[1]
    assert np.abs(joints.table).max() <= 3
