"""Next-item prediction, leave-one-out: popularity, neighbours, ALS, LSTM and a ranker over them all.

python -m tests.bench.recommend.next_item --data FOLDER [--threads 2]
FOLDER holds `sequences.txt`, lines of `user item item ...` in time order, and maybe `item_attributes.json`, item ->
list of attributes. A user's last item is the test, the last but one the validation. All items that anybody had before
are ranked, but those of the user's history; items that occur only as answers are never listed, since their presence
would leak. Models measured on the validation are fitted without both; for the test all are fitted again on one item
more of each user, with the same settings. The ranker is trained on the validation items; its own validation figures are
cross-fitted: each half of the users is ranked by a ranker trained on the other half.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy import sparse

from models.core.list_metrics import score_lists
from models.core.sequences import Sequences
from models.ranking.candidates import ItemCandidates
from models.ranking.ranker import RankerConfig
from models.recommenders.als import ALS, ALSConfig
from models.recommenders.baselines import popular
from models.recommenders.lstm import LSTM
from models.recommenders.lstm_network import Attributes, LSTMConfig
from models.reference.next_item_ranker import CANDIDATES, RANKER, learn, order, propose
from models.reference.ordered_covisitation import CoVisitation, CoVisitationConfig
from tests.bench.quality import SEED, Measured, progress, report

K = 10
METRICS = (f"hr@{K}", f"ndcg@{K}")
ANCHORS = {  # Amazon Beauty as S3-Rec published it
    "popularity": {METRICS[0]: 0.0152, METRICS[1]: 0.0068},
    "GRU4Rec, weak loss": {METRICS[0]: 0.0283, METRICS[1]: 0.0137},
    "SASRec, weak loss": {METRICS[0]: 0.0605, METRICS[1]: 0.0318},
    "TIGER": {METRICS[0]: 0.0648, METRICS[1]: 0.0384},
    "ActionPiece": {METRICS[0]: 0.0775, METRICS[1]: 0.0424},
    "SASRec, sampled softmax": {METRICS[0]: 0.0921, METRICS[1]: 0.0531},
}


class Shop(NamedTuple):
    sequences: Sequences
    item_ids: np.ndarray  # (I,) sorted str
    attributes: Attributes | None


class Split(NamedTuple):
    """A question: `users` (n,) whose next item is asked for, `truth` (n,) its code, and what is known before it."""

    known: Sequences  # of all users
    users: np.ndarray
    truth: np.ndarray

    def had(self, n_items: int) -> np.ndarray:
        """(I,) bool: somebody had the item before; the others occur only as answers."""
        return np.bincount(self.known.codes, minlength=n_items) > 0

    @property
    def asked(self) -> Sequences:
        return self.known.taken(self.users)


def read(folder: Path) -> Shop:
    """The sequences, and the attributes of items that stand in them. Raises SystemExit if there are none."""
    path = folder / "sequences.txt"
    if not path.is_file():
        raise SystemExit(f"{path} is not there; DATA must be a folder with sequences.txt: user item item ...")
    with path.open(encoding="utf-8") as lines:
        histories = [line.split()[1:] for line in lines if line.strip()]
    words = np.array([item for items in histories for item in items], np.str_)
    if not len(words):
        raise SystemExit(f"{path} holds no item")
    item_ids, codes = np.unique(words, return_inverse=True)
    indptr = np.concatenate([[0], np.cumsum([len(items) for items in histories])])
    return Shop(Sequences(indptr, codes.astype(np.int32)), item_ids, read_attributes(folder, item_ids))


def read_attributes(folder: Path, item_ids: np.ndarray) -> Attributes | None:
    path = folder / "item_attributes.json"
    if not path.is_file():
        return None
    attributes_of = json.loads(path.read_text(encoding="utf-8"))
    code = {item: number for number, item in enumerate(item_ids.tolist())}
    pairs = {(code[item], str(one)) for item, names in attributes_of.items() if item in code for one in names}
    if not pairs:
        return None
    items, names = zip(*sorted(pairs), strict=True)
    ids, columns = np.unique(np.array(names, np.str_), return_inverse=True)
    ones = np.ones(len(pairs), np.float32)
    return Attributes(sparse.csr_matrix((ones, (items, columns)), shape=(len(item_ids), len(ids))), ids)


def split(sequences: Sequences, last: int) -> Split:
    """The last item (1) or the last but one (2) as truth; users with nothing before the last but one are left out."""
    users = np.flatnonzero(sequences.lengths >= 3)
    return Split(sequences.without_last(last), users, sequences.codes[sequences.indptr[1:] - last][users])


def measure(lists: np.ndarray, truth: np.ndarray, n_items: int) -> dict[str, np.ndarray]:
    relevant = sparse.csr_matrix((np.ones(len(truth)), (np.arange(len(truth)), truth)), shape=(len(truth), n_items))
    values = score_lists(lists, relevant, K)
    return {metric: values[metric] for metric in METRICS}


def content(attributes: Attributes, histories: sparse.csr_matrix):
    """Scores by the attributes that an item shares with the history; rare ones weigh more."""
    matrix = sparse.csr_matrix(attributes.matrix, dtype=np.float32)
    have = np.asarray(matrix.sum(axis=0)).ravel()
    weighed = (matrix @ sparse.diags_array(np.log((len(histories.indptr) + 1) / (have + 1)).astype(np.float32))).tocsr()
    length = np.sqrt(np.asarray(weighed.multiply(weighed).sum(axis=1)).ravel())
    unit = (sparse.diags_array(1 / np.where(length > 0, length, 1)) @ weighed).tocsr().astype(np.float32)
    wide = unit.T.tocsr()
    return lambda users: ((histories[users] @ unit) @ wide).toarray()


class Fitted(NamedTuple):
    lists: dict[str, np.ndarray]  # model -> (n, K)
    sources: dict  # what the ranker reads, in its order
    seconds: dict[str, float]


def fit(shop: Shop, part: Split, name: str, threads: int) -> Fitted:
    """Every single model fitted on what is known, its lists for the users asked, and the ranker's sources."""
    known, asked, n_items = part.known, part.asked, len(shop.item_ids)
    interest, seen, had = known.counts(n_items), asked.counts(n_items), part.had(n_items)
    users = np.array([f"{number:09d}" for number in range(len(known.lengths))])
    lists, seconds = {}, {}
    with progress(f"{name}: popularity") as seconds["popularity"]:
        lists["popularity"], _ = popular(interest, len(part.users), K, seen, had)
    with progress(f"{name}: neighbours") as seconds["neighbours"]:
        near = CoVisitation.fit(CoVisitationConfig(), known, n_items)
        lists["neighbours"], _ = near.recommend(asked, K, seen, had)
    with progress(f"{name}: als") as seconds["als"]:
        als = ALS.fit(ALSConfig(threads=threads), interest, users, shop.item_ids)
        lists["als"], _ = als.recommend(part.users, K, seen, had)
    with progress(f"{name}: lstm") as seconds["lstm"]:
        lstm = LSTM.fit(LSTMConfig(threads=threads), known, shop.item_ids, shop.attributes, report=tell)
        states = lstm.encode(asked)
        lists["lstm"], _ = lstm.best(states, K, seen, had)
    counted = np.log1p(np.asarray(interest.sum(axis=0), np.float32)).ravel()
    sources = {
        "popularity": lambda rows: np.tile(counted, (rows.stop - rows.start, 1)),
        "neighbours": lambda rows: near.scores(asked.of(rows)),
        "als": lambda rows: als.user_factors[part.users[rows]] @ als.item_factors.T,
        "lstm": lambda rows: states[rows] @ lstm.item_rows[:, :-1].T + lstm.item_rows[:, -1],
    }
    if shop.attributes is not None:
        sources["content"] = content(shop.attributes, near.history(asked))
    return Fitted(lists, sources, {model: taken[0] for model, taken in seconds.items()})


def tell(epoch: int, loss: float, gain: float) -> None:
    print(f"  epoch {epoch}: loss {loss:.3f} nats, held-out gain {gain:.4f}", file=sys.stderr, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    shop = read(args.data)
    n_items, threads = len(shop.item_ids), args.threads
    valid, test = split(shop.sequences, 2), split(shop.sequences, 1)
    n = len(valid.users)
    if n < 2:
        raise SystemExit(f"{n} of {len(shop.sequences.lengths)} users have three items or more: nothing to measure")
    again = int((test.asked.counts(n_items)[np.arange(n), test.truth] > 0).sum())
    print(
        f"{len(shop.sequences.lengths):,} users, {len(shop.sequences.codes):,} events, {n_items:,} items; {n:,} users "
        f"have three events and are asked, for {again:,} of them in vain: again an item of the history"
    )
    config = replace(RANKER, threads=threads)
    before = fit(shop, valid, "valid", threads)
    with progress("hybrid: learning from the validation items") as learning:
        proposed = propose(before.sources, valid.asked.counts(n_items), CANDIDATES, valid.had(n_items))
        before.lists["hybrid"] = cross_fitted(config, proposed, valid.truth, n_items)
        ranker = learn(config, proposed, valid.truth)
    figures = {name: measure(lists, valid.truth, n_items) for name, lists in before.lists.items()}
    print(f"\n{'on the validation items':28}" + "".join(f"{metric:>12}" for metric in METRICS), flush=True)
    for name, values in figures.items():
        print(f"{name:28}" + "".join(f"{values[metric].mean():>12.4f}" for metric in METRICS), flush=True)
    best = max(figures, key=lambda name: figures[name][METRICS[1]].mean())
    after = fit(shop, test, "test", threads)
    with progress("hybrid: ranking") as ranking:
        proposed = propose(after.sources, test.asked.counts(n_items), CANDIDATES, test.had(n_items))
        after.lists["hybrid"], _ = order(ranker, proposed, K, n_items)
    single = sum(before.seconds.values()) + sum(after.seconds.values())
    seconds = after.seconds | {"hybrid": single + learning[0] + ranking[0]}
    measured = {
        name: Measured(
            measure(lists, test.truth, n_items),
            seconds[name],
            {f"valid_{metric}": round(float(values.mean()), 5) for metric, values in figures[name].items()},
        )
        for name, lists in after.lists.items()
    }
    report(f"next item of {args.data.name}, every item ranked but the history", measured, best, ANCHORS)


def cross_fitted(config: RankerConfig, proposed: ItemCandidates, truth: np.ndarray, n_items: int) -> np.ndarray:
    """Lists (n, K) of each half of the users from a ranker that has seen the other half only."""
    half = np.random.default_rng(SEED).permutation(len(truth)) % 2
    lists = np.empty((len(truth), K), np.int32)
    for side in (0, 1):
        ranker = learn(config, proposed, np.where(half == side, -1, truth))
        lists[half == side] = order(ranker, proposed, K, n_items)[0][half == side]
    return lists


if __name__ == "__main__":
    main()
