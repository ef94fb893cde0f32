"""Next-item prediction, leave-one-out: popularity, neighbours, ALS, LSTM, Transformer and a ranker over them all.

python -m tests.bench.recommend.next_item --data FOLDER [--threads 2]
FOLDER has `sequences.txt`, lines of `user item item ...` in time order, and maybe `item_attributes.json`, item ->
list of attributes. A user's last item is the test, the item before it the validation. All items in anybody's known
history are ranked, without those in the user's own history; items that occur only as answers are never listed, since
their presence would leak.

Two protocols; PROTOCOLS below has in code what each may see:
- strict, as in the published rows: models are fitted on the items before the validation items. Validation items decide
  when training stops and which model is called the best. For the test each is read as the user's last known item and
  is never trained on. The ranker is trained on the items before the validation items, with sources that are fitted on
  the items before those.
- refitted, as in a shop: after validation all models are fitted again on a training set with the validation items, and
  the ranker is trained on the validation items. No published row does this.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy import sparse

from jobs.runtime.progress import Progress, progress
from models.core.list_metrics import score_lists
from models.core.sequences import Sequences
from models.core.top_k import rank_scores
from models.ranking.candidates import ItemCandidates
from models.ranking.ranker import Ranker, RankerConfig
from models.recommenders.als import ALS, ALSConfig
from models.recommenders.item_softmax import Attributes
from models.recommenders.lstm import LSTM
from models.recommenders.sequence_model import SequenceModel
from models.recommenders.transformer import Transformer
from models.reference.next_item_ranker import CANDIDATES, RANKER, ROWS, Source, learn, order, propose
from models.reference.ordered_covisitation import CoVisitation, CoVisitationConfig
from tests.bench.quality import Measured, print_json, show

K = 10
METRICS = (f"hr@{K}", f"ndcg@{K}")
BASELINES = ("popularity", "neighbours", "als")
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


class Question(NamedTuple):
    """learned: the training sequences; known: all users' sequences before the answer; users (n,): users whose next item
    is asked for; truth (n,): the code of that item."""

    learned: Sequences
    known: Sequences
    users: np.ndarray
    truth: np.ndarray

    def had(self, n_items: int) -> np.ndarray:
        """(I,) bool: whether somebody had the item before; the other items occur only as answers."""
        return np.bincount(self.known.codes, minlength=n_items) > 0

    @property
    def asked(self) -> Sequences:
        return self.known.taken(self.users)


class Step(NamedTuple):
    """Counted from the end of each user's items: the item that is asked for, and how many items are not trained on."""

    answer: int
    unlearned: int


class Protocol(NamedTuple):
    lesson: Step  # trains the ranker, with sources fitted on the items before it
    test: Step


VALIDATION = Step(answer=2, unlearned=2)
PROTOCOLS = {
    "strict": Protocol(lesson=Step(answer=3, unlearned=3), test=Step(answer=1, unlearned=2)),
    "refitted": Protocol(lesson=VALIDATION, test=Step(answer=1, unlearned=1)),
}


def read(folder: Path) -> Shop:
    """The sequences, and the attributes of their items. Raises SystemExit if there are no sequences."""
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
    pairs = {(code[item], str(name)) for item, names in attributes_of.items() if item in code for name in names}
    if not pairs:
        return None
    items, names = zip(*sorted(pairs), strict=True)
    ids, columns = np.unique(np.array(names, np.str_), return_inverse=True)
    ones = np.ones(len(pairs), np.float32)
    return Attributes(sparse.csr_matrix((ones, (items, columns)), shape=(len(item_ids), len(ids))), ids)


def question(sequences: Sequences, step: Step) -> Question:
    """The question for users with three items or more, at least one of them before the answer."""
    users = np.flatnonzero(sequences.lengths >= max(3, step.answer + 1))
    truth = sequences.codes[sequences.indptr[1:][users] - step.answer]
    return Question(sequences.without_last(step.unlearned), sequences.without_last(step.answer), users, truth)


def measure(lists: np.ndarray, truth: np.ndarray, n_items: int) -> dict[str, np.ndarray]:
    relevant = sparse.csr_matrix((np.ones(len(truth)), (np.arange(len(truth)), truth)), shape=(len(truth), n_items))
    values = score_lists(lists, relevant, K)
    return {metric: values[metric] for metric in METRICS}


def content(attributes: Attributes, histories: sparse.csr_matrix):
    """Scores by the attributes that an item shares with the history; rare attributes have more weight."""
    matrix = sparse.csr_matrix(attributes.matrix, dtype=np.float32)
    have = np.asarray(matrix.sum(axis=0)).ravel()
    weighed = (matrix @ sparse.diags_array(np.log((len(histories.indptr) + 1) / (have + 1)).astype(np.float32))).tocsr()
    length = np.sqrt(np.asarray(weighed.multiply(weighed).sum(axis=1)).ravel())
    unit = (sparse.diags_array(1 / np.where(length > 0, length, 1)) @ weighed).tocsr().astype(np.float32)
    wide = unit.T.tocsr()
    return lambda users: ((histories[users] @ unit) @ wide).toarray()


class Fitted(NamedTuple):
    """Every single model fitted on `learned` (all users' sequences)."""

    shop: Shop
    popularity: np.ndarray  # (I,) events
    near: CoVisitation
    als: ALS
    networks: dict[str, SequenceModel]
    seconds: dict[str, float]

    @classmethod
    def without_last(cls, shop: Shop, unlearned: int, threads: int) -> Fitted:
        learned, name = shop.sequences.without_last(unlearned), f"without the last {unlearned}"
        # Only this fit may use the validation items to stop training; the other fits must not, or train on them.
        validation = shop.sequences.without_last(1) if unlearned == VALIDATION.unlearned else None
        n_items, seconds, networks = len(shop.item_ids), {}, {}
        interest = learned.counts(n_items)
        users = np.array([f"{number:09d}" for number in range(len(learned.lengths))])
        with progress(f"{name}: popularity") as seconds["popularity"]:
            events = np.asarray(interest.sum(axis=0), np.float32).ravel()
        with progress(f"{name}: neighbours") as seconds["neighbours"]:
            near = CoVisitation.fit(CoVisitationConfig(), learned, n_items)
        with progress(f"{name}: als") as seconds["als"]:
            als = ALS.fit(ALSConfig(threads=threads), interest, users, shop.item_ids)
        for network, model, attributes in networks_of(shop):
            config = model.Config(threads=threads)
            with progress(f"{name}: {network}", unit="epochs", at_most=True) as seconds[network]:
                tell = epochs_of(seconds[network])
                networks[network] = model.fit(
                    config, learned, shop.item_ids, attributes, report=tell, validation=validation
                )
        return cls(shop, events, near, als, networks, {model: timing.seconds for model, timing in seconds.items()})

    def sources(self, histories: Sequences) -> dict[str, Source]:
        """Model -> the source that scores all items for the given histories. All models read the same items."""
        folded = ALS.fold_in(self.als.config, histories.counts(len(self.shop.item_ids)), self.als.item_factors)
        popular = np.log1p(self.popularity)
        sources: dict[str, Source] = {
            "popularity": lambda rows: np.tile(popular, (rows.stop - rows.start, 1)),
            "neighbours": lambda rows: self.near.scores(histories.of(rows)),
            "als": lambda rows: folded[rows] @ self.als.item_factors.T,
        }
        for name, network in self.networks.items():
            sources[name] = logits(network.encode(histories), network.item_rows)
        if self.shop.attributes is not None:
            sources["content"] = content(self.shop.attributes, self.near.history(histories))
        return sources


def networks_of(shop: Shop) -> list[tuple[str, type[SequenceModel], Attributes | None]]:
    """(name, model, attributes that it reads)."""
    by_attributes = [("lstm, attributes", LSTM, shop.attributes)] if shop.attributes is not None else []
    return [("lstm", LSTM, None), ("transformer", Transformer, None), *by_attributes]


def logits(states: np.ndarray, rows: np.ndarray) -> Source:
    return lambda users: states[users] @ rows[:, :-1].T + rows[:, -1]


def best_of(source: Source, own_items: sparse.csr_matrix, allowed: np.ndarray) -> np.ndarray:
    """(n, K): codes of the K best items by the source, without the user's own items; ties go to the lower code."""
    lists = []
    for low in range(0, own_items.shape[0], ROWS):
        block = slice(low, min(low + ROWS, own_items.shape[0]))
        scores = np.array(source(block), np.float32)
        scores[:, ~allowed] = -np.inf
        scores[own_items[block].nonzero()] = -np.inf
        lists.append(rank_scores(scores, K)[0])
    return np.concatenate(lists)


def epochs_of(doing: Progress) -> Callable[[int, int, float, float], None]:
    return lambda epoch, most, loss, gain: doing.at_step(epoch, most, f"loss {loss:.3f} nats, gain {gain:.4f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    shop = read(args.data)
    n_items = len(shop.item_ids)
    test = question(shop.sequences, PROTOCOLS["strict"].test)
    n = len(test.users)
    if n < 2:
        raise SystemExit(f"{n} of {len(shop.sequences.lengths)} users have three items or more: nothing to measure")
    repeated = int((test.asked.counts(n_items)[np.arange(n), test.truth] > 0).sum())
    print(
        f"{len(shop.sequences.lengths):,} users, {len(shop.sequences.codes):,} events, {n_items:,} items; {n:,} users "
        f"have three events and are asked, for {repeated:,} of them in vain: again an item of the history"
    )
    measured, best = measure_protocols(shop, args.threads)
    title = f"next item of {args.data.name}, every item ranked but the history"
    show(f"{title}; strict", measured["strict"], best, ANCHORS)
    show(f"{title}; refitted, which no published row is", measured["refitted"], best)
    more = {"refitted": {model: figures.means() for model, figures in measured["refitted"].items()}}
    print_json(measured["strict"], best, {"protocol": "strict", **more})


def measure_protocols(shop: Shop, threads: int) -> tuple[dict[str, dict[str, Measured]], str]:
    """(protocol -> model -> its figures on the test, the model with the best ndcg on the validation items).

    In the refitted protocol the ranker is trained on the validation items, so only the strict one is validated.
    """
    fitted: dict[int, Fitted] = {}  # unlearned -> models; what both protocols need is fitted once
    config, measured, valid = replace(RANKER, threads=threads), {}, {}
    for name, protocol in PROTOCOLS.items():
        for step in protocol:
            if step.unlearned not in fitted:
                fitted[step.unlearned] = Fitted.without_last(shop, step.unlearned, threads)
        with progress(f"{name}: teaching the ranker") as teaching:
            rankers = taught(shop, protocol.lesson, fitted, config)
        if name == "strict":
            with progress(f"{name}: the validation items"):
                valid_values = asked_of(shop, VALIDATION, fitted, rankers)
            valid = {m: {metric: float(v.mean()) for metric, v in values.items()} for m, values in valid_values.items()}
        with progress(f"{name}: the test") as asking:
            figures = asked_of(shop, protocol.test, fitted, rankers)
        seconds = fitted[protocol.test.unlearned].seconds
        fitting = sum(sum(fitted[step.unlearned].seconds.values()) for step in protocol)
        ranker_seconds = fitting + teaching.seconds + asking.seconds
        measured[name] = {
            model: Measured(values, seconds.get(model, ranker_seconds if model in rankers else 0.0))
            for model, values in figures.items()
        }
    for model, values in valid.items():
        measured["strict"][model].more = {f"valid_{metric}": round(value, 5) for metric, value in values.items()}
    return measured, max(valid, key=lambda model: valid[model][METRICS[1]])


def taught(shop: Shop, lesson: Step, fitted: dict[int, Fitted], config: RankerConfig) -> dict[str, Ranker | None]:
    """hybrid -> its ranker, trained on the lesson."""
    answers = Answers.of(shop, lesson, fitted)
    return {
        hybrid: learn(config, answers.proposed(sources), answers.question.truth)
        for hybrid, sources in hybrids_of(shop).items()
    }


def asked_of(
    shop: Shop, step: Step, fitted: dict[int, Fitted], rankers: dict[str, Ranker | None]
) -> dict[str, dict[str, np.ndarray]]:
    """model -> metric -> a value for each user (n,), for single models and hybrids."""
    answers = Answers.of(shop, step, fitted)
    lists = {model: best_of(source, answers.seen, answers.had) for model, source in answers.sources.items()}
    for hybrid, sources in hybrids_of(shop).items():
        lists[hybrid], _ = order(rankers[hybrid], answers.proposed(sources), K, len(shop.item_ids))
    return {model: measure(codes, answers.question.truth, len(shop.item_ids)) for model, codes in lists.items()}


def hybrids_of(shop: Shop) -> dict[str, tuple[str, ...]]:
    """hybrid -> the sources that its ranker reads."""
    networks = networks_of(shop)
    plain = (*BASELINES, *(name for name, _, attributes in networks if attributes is None))
    if shop.attributes is None:
        return {"hybrid": plain}
    by_attributes = (*(name for name, _, attributes in networks if attributes is not None), "content")
    return {"hybrid, no attributes": plain, "hybrid": (*plain, *by_attributes)}


class Answers(NamedTuple):
    """A question, and every single model's scores for it."""

    question: Question
    sources: dict[str, Source]
    seen: sparse.csr_matrix  # (n, I)
    had: np.ndarray  # (I,)

    @classmethod
    def of(cls, shop: Shop, step: Step, fitted: dict[int, Fitted]) -> Answers:
        asking = question(shop.sequences, step)
        n_items = len(shop.item_ids)
        sources = fitted[step.unlearned].sources(asking.asked)
        return cls(asking, sources, asking.asked.counts(n_items), asking.had(n_items))

    def proposed(self, names: tuple[str, ...]) -> ItemCandidates:
        return propose({name: self.sources[name] for name in names}, self.seen, CANDIDATES, self.had)


if __name__ == "__main__":
    main()
