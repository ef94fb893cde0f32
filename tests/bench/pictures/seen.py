"""Quality of the picture models: recognition, products found by likeness, photographs found in the catalogue, speed.

python -m tests.bench.pictures.seen DATA; `tests.bench.pictures.picture_sets` says which folders are read. All choices
are made on `val`: whether the fine-tuned network is better than ImageNet's, for recognition and for retrieval, and each
recogniser's penalty. The final recognisers are trained on train and val; the test is used once.

recognition: share of test pictures whose value is right; a value that is not in the training set counts as wrong.
retrieval: for each test picture of a product with other test pictures, all others are the gallery: R@1, and mAP@R
(Musgrave et al. 2020). Without a column of products, a picture's product is the label with the most values. search:
test photographs are searched in `catalogue.parquet`, and no label of a photograph is read; `alone` means that the
photographs do not help each other. pictures_per_s: on one CPU core, in CPU time, from pixels to stored vector.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from jobs.runtime.progress import progress
from models.core.on_step import OnStep
from models.core.top_k import F32
from models.images.likeness import Likeness, LikenessConfig
from models.images.lookalikes import LookAlikes
from models.images.picture_search import SearchConfig, search_photos
from models.images.recogniser import Recogniser, RecogniserConfig, frequent_values
from models.images.tuning import tune
from models.images.vectors import EncoderConfig, PictureEncoder
from models.images.whitening import Whitening, WhiteningConfig
from tests.bench.pictures.picture_sets import PictureSet, read_sets

Sets = dict[str, PictureSet]
TIMED = 512  # pictures
# Measured on these sets with frozen features and a logistic regression (C chosen on val), and the goals.
PEERS = {
    "product_type_name": (0.723, 0.78),
    "garment_group_name": (0.652, 0.70),
    "colour_group_name": (0.679, 0.74),
    "fine": (0.648, 0.80),
    "coarse": (0.794, 0.90),
    "product_r1": (0.332, 0.42),
    "product_map": (0.223, 0.30),
    "search_r1": (0.274, 0.35),
}


@dataclass(frozen=True)
class Eye:
    """An encoder, its whitening fitted on train, the stored vectors of each split, and recognisers validated on val."""

    encoder: PictureEncoder
    whitening: Whitening
    vectors: dict[str, NDArray[np.float16]]
    recognisers: dict[str, Recogniser]

    @property
    def accuracy(self) -> float:
        """The accuracy on val, averaged over the labels."""
        return float(np.mean([recogniser.accuracy for recogniser in self.recognisers.values()]))


def open_eye(encoder: PictureEncoder, sets: Sets, name: str) -> Eye:
    """Vectors of train and val, and a recogniser of each label."""
    raw: dict[str, F32] = {}
    for split in ("train", "val"):
        with progress(f"{name}: vectors of {len(sets[split].pictures):,} pictures of {split}"):
            raw[split] = encoder.encode(sets[split].pictures)
    whitening = Whitening.fit(WhiteningConfig(), raw["train"], encoder.parts)
    vectors = {split: whitening.apply(rows) for split, rows in raw.items()}
    all_vectors = np.concatenate([vectors["train"], vectors["val"]])
    is_validation = np.arange(len(all_vectors)) >= len(vectors["train"])
    recognisers = {}
    for label in sets["train"].labels:
        values = np.concatenate([sets["train"].labels[label], sets["val"].labels[label]])
        if len(np.unique(values[(values != "") & ~is_validation])) < 2 or not (values[is_validation] != "").any():
            continue
        with progress(f"{name}: recogniser of {label}"):
            recognisers[label] = Recogniser.fit(
                RecogniserConfig(), all_vectors, values, np.arange(len(all_vectors)), is_validation
            )
    if not recognisers:
        raise SystemExit("no label has two values in train and a value in val: there is nothing to recognise")
    return Eye(encoder, whitening, vectors, recognisers)


def tuned(encoder: PictureEncoder, sets: Sets, on_step: OnStep) -> PictureEncoder:
    """The encoder whose later blocks were fine-tuned on the labels of train and, if there are any, on its products."""
    train = sets["train"]
    labels = {name: frequent_values(values, 2)[1] for name, values in train.labels.items()}
    product = None if train.product is None else frequent_values(train.product, 2)[1]
    return tune(encoder, train.pictures, labels, product, on_step=on_step)


def recognition(eye: Eye, test: PictureSet, vectors: NDArray[np.float16]) -> dict[str, float]:
    """Accuracy of each label on the test pictures that have it."""
    right = {}
    for label, recogniser in eye.recognisers.items():
        is_labelled = test.labels[label] != ""
        right[label] = float((recogniser.recognise(vectors)[0] == test.labels[label])[is_labelled].mean())
    return right


def products(sets: Sets) -> dict[str, NDArray[np.str_]]:
    """The product of each picture of each split; the label with the most values if no column names the product."""
    finest = max(sets["train"].labels, key=lambda name: len(np.unique(sets["train"].labels[name])))
    return {
        name: pictures.labels[finest] if pictures.product is None else pictures.product
        for name, pictures in sets.items()
    }


def fit_likeness(eye: Eye, sets: Sets) -> Likeness:
    return Likeness.fit(LikenessConfig(), eye.vectors["train"], products(sets)["train"], eye.whitening.parts)


def retrieval(places: F32, product: NDArray[np.str_]) -> dict[str, float]:
    """R@1 and mAP@R of pictures whose product has another picture among `places` (n, E)."""
    code = np.unique(product, return_inverse=True)[1]
    count = np.bincount(code)
    queries = np.flatnonzero((count[code] > 1) & (product != ""))
    if not len(queries):
        return {"r1": 0.0, "map": 0.0, "queries": 0}
    k = int(count[code[queries]].max())
    neighbours, _ = LookAlikes(places, np.arange(len(places)), len(places)).similar(queries, k)
    hits = (code[neighbours] == code[queries][:, None]) & (neighbours >= 0)
    relevant = count[code[queries]] - 1
    ranks = np.arange(1, k + 1)
    precision = np.cumsum(hits, axis=1) / ranks * hits * (ranks <= relevant[:, None])
    return {
        "r1": float(hits[:, 0].mean()),
        "map": float((precision.sum(axis=1) / relevant).mean()),
        "queries": len(queries),
    }


def search(eye: Eye, test: PictureSet, vectors: NDArray[np.float16], shop: PictureSet) -> dict[str, float]:
    """R@1 of photographs among the shop's pictures, by the label with the most values; and the same without rounds."""
    label = max(shop.labels, key=lambda name: len(np.unique(shop.labels[name])))
    items, pictures = shop.labels[label], eye.whitening.apply(eye.encoder.encode(shop.pictures))
    figures = {}
    for name, config in (("r1", SearchConfig()), ("r1_alone", SearchConfig(rounds=0))):
        codes, _ = search_photos(vectors, pictures, np.arange(len(items)), len(items), eye.whitening.parts, 1, config)
        figures[name] = float((items[codes[:, 0]] == test.labels[label]).mean())
    return figures


def pictures_per_s(eye: Eye, pictures: list[NDArray[np.uint8]]) -> float:
    """Pictures per second of CPU time on one core: scaling, network, colours, whitening."""
    timed = [pictures[index % len(pictures)] for index in range(TIMED)]
    eye.encoder.encode(timed[:32])
    started = time.process_time()
    eye.whitening.apply(eye.encoder.encode(timed))
    return TIMED / (time.process_time() - started)


def show(title: str, figures: dict[str, float], val: dict[str, float]) -> None:
    print(f"\n{title}")
    print(f"{'':34}{'test':>9}{'val':>9}{'baseline':>10}{'goal':>7}")
    for name, value in figures.items():
        peer = "".join(
            f"{peer_value:>{width}.3f}" for peer_value, width in zip(PEERS.get(name, ()), (10, 7), strict=False)
        )
        print(f"{name:34}{value:>9.4f}" + (f"{val[name]:>9.4f}" if name in val else f"{'-':>9}") + peer)
    print("baseline and goal: of H&M's and the groceries' test; other sets have none")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    args = parser.parse_args()
    torch.set_num_threads(1)
    with progress("reading pictures"):
        sets, shop = read_sets(args.data)
    eyes = {"imagenet": open_eye(PictureEncoder.pretrained(EncoderConfig()), sets, "ImageNet's network")}
    with progress("fine-tuning", unit="epochs") as doing:
        encoder = tuned(eyes["imagenet"].encoder, sets, doing.at_step)
    eyes["fine-tuned"] = open_eye(encoder, sets, "fine-tuned network")
    with progress("what looks alike, on val"):
        likenesses = {name: fit_likeness(eye, sets) for name, eye in eyes.items()}
        alike = {name: retrieval(likenesses[name].apply(eye.vectors["val"]), products(sets)["val"])
                 for name, eye in eyes.items()}  # fmt: skip
    recogniser = max(eyes, key=lambda name: eyes[name].accuracy)
    finder = max(eyes, key=lambda name: alike[name]["map"])
    for name, eye in eyes.items():
        print(f"val, {name}: mean accuracy {eye.accuracy:.4f}, products' mAP@R {alike[name]['map']:.4f}")
    test = sets["test"]
    vectors = {}
    for name in {recogniser, finder} | ({"imagenet"} if shop else set()):
        with progress(f"{name}: vectors of {len(test.pictures):,} pictures of test"):
            vectors[name] = eyes[name].whitening.apply(eyes[name].encoder.encode(test.pictures))
    with progress("figures of test"):
        retrieved = retrieval(likenesses[finder].apply(vectors[finder]), products(sets)["test"])
        figures = {
            "recognition": recognition(eyes[recogniser], test, vectors[recogniser]),
            "retrieval": {name: retrieved[name] for name in ("r1", "map")} if retrieved["queries"] else {},
            "search": search(eyes["imagenet"], test, vectors["imagenet"], shop) if shop else {},
        }
    with progress(f"speed, {TIMED} pictures"):
        speed = pictures_per_s(eyes[recogniser], test.pictures)
    kind = "same_label" if sets["train"].product is None else "product"
    val = {name: recogniser_of_label.accuracy for name, recogniser_of_label in eyes[recogniser].recognisers.items()}
    val |= {f"{kind}_{name}": value for name, value in alike[finder].items()}
    flat = figures["recognition"] | {f"{kind}_{name}": value for name, value in figures["retrieval"].items()}
    flat |= {f"search_{name}": value for name, value in figures["search"].items()} | {"pictures_per_s": speed}
    show(f"{args.data.name}: {len(test.pictures):,} test pictures, {retrieved['queries']:,.0f} queries", flat, val)
    rounded = {part: {name: round(value, 5) for name, value in some.items()} for part, some in figures.items()}
    networks = {"recognition": recogniser, "retrieval": finder, "search": "imagenet" if shop else None}
    refused = sum(pictures.refused for pictures in sets.values())
    print(json.dumps(rounded | {"pictures_per_s": round(speed, 1), "networks": networks, "refused": refused}))


if __name__ == "__main__":
    main()
