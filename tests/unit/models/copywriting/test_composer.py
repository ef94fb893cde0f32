"""What clauses are put together, in which order, and what none of them may be."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations, permutations

import numpy as np
import pytest
from scipy import sparse

from models.copywriting.clause_joints import Joints
from models.copywriting.clause_search import Pool, best_orders
from models.copywriting.clause_sense import against, contraries, leans, stands
from models.copywriting.composer import Clauses, ComposerConfig
from models.copywriting.ngrams import Grams
from models.copywriting.prompts import Prompt, units_of

TEXTS = ["红色的连衣裙，宽松的版型。", "红色的上衣，宽松的版型。", "白色的连衣裙！显气质。", ""]


def grams_by_hand(text: str) -> set[str]:
    units = units_of(text, "zh")
    return {"".join(units[at : at + n]) for n in range(1, 5) for at in range(len(units) - n + 1)}


def test_ngrams_are_those_of_two_texts_or_more() -> None:
    grams = Grams(TEXTS, "zh")
    bags = [grams_by_hand(text) for text in TEXTS]
    shared = {gram for gram in set.union(*bags) if sum(gram in bag for bag in bags) > 1}
    assert len(grams) == len(shared)
    assert grams.rows(TEXTS).sum(1).ravel().tolist()[0] == [len(bag & shared) for bag in bags]
    for text, row in zip(TEXTS, grams.rows(TEXTS), strict=True):
        assert grams.of(text).tolist() == row.indices.tolist()
    assert sorted(np.bincount(grams.orders)) == sorted(np.bincount([len(gram) - 1 for gram in shared]))


def test_the_rarest_pair_of_a_clause_is_counted_in_texts() -> None:
    grams = Grams(TEXTS, "zh")
    often = np.asarray(grams.rows(TEXTS).sum(0)).reshape(-1)
    assert grams.rarest_pair(["的版型"], often) == 2
    assert grams.rarest_pair(["的版型", "显气质"], often) == 1
    assert grams.rarest_pair(["红"], often) == np.inf


@pytest.mark.parametrize(
    "clause",
    [
        "穿着舒适的同时，",
        "不仅舒适，",
        "给孩子带来温暖，",
        "三彩的这款连衣裙，",
        "与任何上衣都能轻松搭配。",
        "百搭的外套让。",
    ],
)
def test_a_clause_that_needs_another_or_tells_of_others_is_not_taken(clause: str) -> None:
    assert not stands(clause, ["红色"])


@pytest.mark.parametrize("clause", ["这款连衣裙，", "红色的这款连衣裙，", "不仅舒适还很百搭。", "让你更显气质。"])
def test_a_clause_that_stands_by_itself_is_taken(clause: str) -> None:
    assert stands(clause, ["红色"])


def test_what_leans_and_what_contradicts() -> None:
    assert leans(["而腰间的系带，", "腰间的系带，"]).tolist() == [True, False]
    assert contraries(["宽松的版型，", "修身的版型，"]).tolist() == [[True, False], [False, True]]
    assert against(["裙", "宽松"]) == [1]
    assert against(["宽松", "修身"]) == against(["裙"]) == []


def test_a_beginning_after_the_sign_it_stood_after_is_liked_better() -> None:
    joints = Joints(["柔软的面料，很舒适。这款上衣，很百搭。"] * 30, "zh")
    tails, heads = joints.of(["柔软的面料，", "很舒适。", "这款上衣，", "很百搭。"])
    assert joints.table[tails[1], heads[2]] > joints.table[tails[0], heads[2]]
    assert joints.ends(tails)[3] > joints.ends(tails)[0]
    assert joints.starts(heads)[0] > joints.starts(heads)[1]
    assert np.abs(joints.table).max() <= 3


def a_pool(seed: int, clauses: int, searches: int) -> Pool:
    rng = np.random.default_rng(seed)
    worth = rng.uniform(0, 3, 12)
    cost = rng.uniform(0, 1, (searches, clauses))
    cost[rng.random(cost.shape) < 0.2] = np.inf
    return Pool(
        says=sparse.csr_matrix((rng.random((clauses, 12)) < 0.3).astype(float)), worth=worth, spent=-0.5 * worth,
        names=(rng.random((clauses, 2)) < 0.4).astype(float), again=np.array([1.0, 0.0]),
        sizes=rng.integers(4, 9, clauses), shaken=rng.uniform(0.8, 1.2, (searches, clauses)), cost=cost,
        places=rng.random(clauses), first=rng.normal(size=clauses), last=rng.normal(size=clauses),
        joints=rng.normal(size=(clauses, clauses)),
    )  # fmt: skip


def scored(pool: Pool, search: int, order: tuple[int, ...], usual: int, config: ComposerConfig) -> float:
    """What a text is worth, clause by clause, as the settings say it."""
    said: set[int] = set()
    named = np.zeros(2, np.int64)
    total, length = pool.last[order[-1]], 0
    for at, clause in enumerate(order):
        grams = set(pool.says[clause].indices.tolist())
        fresh = sum(pool.worth[g] for g in grams - said) + sum(pool.spent[g] for g in grams & said)
        total += fresh * pool.shaken[search, clause] - pool.cost[search, clause]
        mine = pool.names[clause] > 0
        total += sum(config.value if not named[v] else -pool.again[v] * named[v] for v in np.flatnonzero(mine))
        total -= config.place * abs(pool.places[clause] - length / usual) * pool.sizes[clause]
        total += pool.joints[order[at - 1], clause] if at else pool.first[clause]
        said, named, length = said | grams, named + mine, length + int(pool.sizes[clause])
    return float(total / (max(length, usual * config.least) + 10))


def test_a_wide_search_finds_the_best_of_all_orders() -> None:
    config, usual, shortest = replace(ComposerConfig(), beam=200), 20, 4
    for seed in range(5):
        pool = a_pool(seed, clauses=6, searches=2)
        for search, found in enumerate(best_orders(pool, usual, shortest, config)):
            could = [order for some in range(1, 5) for chosen in combinations(range(6), some)
                     for order in permutations(chosen)]  # fmt: skip
            could = [order for order in could if np.isfinite(pool.cost[search, list(order)]).all()
                     and pool.sizes[list(order[:-1])].sum() < usual - shortest
                     and pool.sizes[list(order)].sum() <= usual + 8]  # fmt: skip
            best = max(scored(pool, search, order, usual, config) for order in could)
            # Of orders of the same clauses only the best goes on, so the very best order may be missed, hardly.
            assert scored(pool, search, tuple(found), usual, config) >= best - 0.12


def test_a_search_in_which_no_clause_fits_finds_none() -> None:
    pool = a_pool(1, clauses=5, searches=2)
    pool.cost[1] = np.inf
    first, second = best_orders(pool, 20, 4, ComposerConfig())
    assert first
    assert second == []


def shop() -> tuple[list[Prompt], list[str]]:
    prompts, texts = [], []
    for at in range(60):
        colour, shape = ("红色", "白色", "黑色")[at % 3], ("宽松", "修身")[at % 2]
        prompts.append(Prompt("zh", attributes=(("颜色", colour), ("版型", shape))))
        texts.append(f"这款{colour}的上衣，{shape}的版型设计，上身舒适百搭。而且方便打理，{shape}的廓形感很时髦。")
    return prompts, texts


def test_a_text_begins_and_ends_like_one_and_says_nothing_twice() -> None:
    prompts, texts = shop()
    bank = Clauses(replace(ComposerConfig(), familiar=0.0), "zh", prompts, texts)
    for prompt in prompts[:6]:
        text = next(iter(bank.compose(prompt, 1, 7)))
        assert text.startswith("这款")
        assert text.endswith("。")
        assert text.count(prompt.values[0]) == 1
        other = {"宽松": "修身", "修身": "宽松"}[prompt.values[1]]
        assert other not in text


def test_forecasts_of_many_are_those_of_each() -> None:
    prompts, texts = shop()
    bank = Clauses(ComposerConfig(), "zh", prompts, texts)
    for prompt, worth in zip(prompts[:4], bank.forecasts(prompts[:4]), strict=True):
        np.testing.assert_allclose(worth, bank.forecast(prompt), atol=1e-12)
