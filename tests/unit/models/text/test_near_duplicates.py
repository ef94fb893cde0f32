"""Near-duplicates among many texts."""

from __future__ import annotations

import numpy as np
import pytest

from models.text.near_duplicates import near_duplicates


def test_near_duplicates_are_found_among_strangers() -> None:
    rng = np.random.default_rng(5)
    letters = list("的一是了我不人在他有这个上们来到时大地为子中你说生国年着就那和要她出也得里后自以会")
    texts = ["".join(rng.choice(letters, 60)) for _ in range(2000)]
    texts[1500] = texts[20][:-2] + "好的"
    texts[900] = texts[30].replace("的", " 的")
    assert near_duplicates(texts).tolist() == [[20, 1500], [30, 900]]


def test_texts_all_alike_give_few_pairs() -> None:
    pairs = near_duplicates(["同一句话"] * 500)
    assert len(pairs) < 1000
    assert set(pairs[:, 1].tolist()) == set(range(1, 500))


def test_near_duplicates_of_nothing() -> None:
    assert near_duplicates([]).shape == (0, 2)
    assert near_duplicates(["a"]).shape == (0, 2)
    with pytest.raises(ValueError, match=r"0\.3"):
        near_duplicates(["a", "b"], least=0.3)
