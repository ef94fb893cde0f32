"""Item cold start by pictures: what users of warm items buy among items that training never saw.

python -m tests.bench.pictures.cold DATA; DATA is a folder of `articles.parquet` and `transactions*.parquet`, its
pictures are in `<DATA>_images` beside it (`tests.bench.pictures.picture_sets`) and join by `article_id`. Items of test
and their purchases are cold; the pictured items of train and val are warm. 5,000 users who bought both a warm and a
cold item are each represented by the mean of their warm items; recall@20 and ndcg@20 are among the cold items.

`likeness` is what models see of a picture: form, learned from products of train, and colours. Rows: the mean content
of the purchases, and the regressor and the GAN, whose embeddings are in ALS's space. The weight of pictures (the GAN
uses the regressor's) and the best row are chosen on the items of val, which are cold while those of train are warm.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from scipy import sparse

from jobs.runtime.progress import each, progress
from models.cold_start.cold_items import ColdConfig, ColdItems
from models.cold_start.content import Content, ContentConfig, profiles, with_pictures
from models.cold_start.gan import GANConfig
from models.core.list_metrics import score_lists
from models.core.top_k import F32, top_k
from models.core.unit import unit
from models.images.likeness import Likeness, LikenessConfig
from models.images.vectors import PictureEncoder
from models.images.whitening import Whitening, WhiteningConfig
from models.recommenders.als import ALS
from tests.bench.pictures.picture_sets import SPLITS, read_pictures
from tests.bench.quality import SEED, Measured, report
from tests.bench.recommend.cold import als_config

K, USERS = 20, 5_000
COLOUR = 0.5  # weight of colours in the likeness; form has weight 1
WEIGHTS = (0.25, 0.5, 0.75, 1.0)  # weights of pictures that are tried on val
KINDS = ("attributes", "pictures", "both")
SPLITS_OF = {"valid": ("train", "val"), "test": ("train", "val", "test")}  # the last is cold
PEERS = {
    "issue 15: random": {"recall@20": 0.0055},
    "issue 15: pictures": {"recall@20": 0.071},
    "issue 15: attributes": {"recall@20": 0.1275},
    "issue 15: both": {"recall@20": 0.135},
    "issue 15: goal for both": {"recall@20": 0.145},
}


@dataclass(frozen=True)
class Shop:
    """Items (I); those in `cold` (c,) are new. Purchases: warm (U, I) and truth (n, c). users (n,) are measured.

    attributes (I, C) and pictures (I, P), unit rows.
    """

    cold: np.ndarray
    warm: sparse.csr_matrix
    users: np.ndarray
    truth: sparse.csr_matrix
    attributes: F32
    pictures: F32


def see(folder: Path) -> dict[str, tuple[np.ndarray, F32]]:
    """split -> (ids (n,), likeness (n, P)) of the pictured items; whitening and likeness are fitted on train."""
    ids, product, raw = {}, {}, {}
    encoder = PictureEncoder.pretrained()
    for split in SPLITS:
        with progress(f"vectors of {split}"):
            pictures, rows = read_pictures(pd.read_parquet(folder / f"{split}.parquet"))
            ids[split], product[split] = rows["article_id"].astype(str).to_numpy(), rows["group"].to_numpy()
            raw[split] = encoder.encode(pictures)
    whitening = Whitening.fit(WhiteningConfig(), raw["train"], encoder.parts)
    vectors = {split: whitening.apply(rows) for split, rows in raw.items()}
    likeness = Likeness.fit(LikenessConfig(), vectors["train"], product["train"], whitening.parts)
    return {split: (ids[split], likeness.apply(vectors[split], COLOUR)) for split in SPLITS}


def open_shop(folder: Path, pictured: dict[str, tuple[np.ndarray, F32]], part: str) -> Shop:
    """The shop in which the items of the last split of `part` are cold."""
    ids = np.concatenate([pictured[split][0] for split in SPLITS_OF[part]])
    pictures = np.concatenate([pictured[split][1] for split in SPLITS_OF[part]])
    order = np.argsort(ids)
    is_cold = np.isin(ids, pictured[SPLITS_OF[part][-1]][0])[order]
    ids, pictures, cold = ids[order], pictures[order], np.flatnonzero(is_cold)
    names = ["customer_id", "article_id"]
    log = pd.concat([pd.read_parquet(path, columns=names) for path in sorted(folder.glob("transactions*.parquet"))])
    log["article_id"] = log["article_id"].astype(str).str.zfill(len(ids[0]))  # numbers lost their leading zeros
    log = log[log["article_id"].isin(ids)].drop_duplicates()
    user, item = pd.factorize(log["customer_id"])[0], np.searchsorted(ids, log["article_id"].to_numpy(str))
    ones = np.ones(len(log), np.float32)
    bought = sparse.csr_matrix((ones, (user, item)), shape=(int(user.max()) + 1, len(ids)))
    warm = sparse.csr_matrix(bought @ sparse.diags((~is_cold).astype(np.float32)))
    warm.eliminate_zeros()
    warm.sort_indices()
    truth = bought[:, cold].tocsr()
    able = np.flatnonzero((np.diff(warm.indptr) > 0) & (np.diff(truth.indptr) > 0))
    users = np.sort(np.random.default_rng(SEED).permutation(able)[:USERS])
    truth = truth[users]
    truth.sort_indices()
    return Shop(cold, warm, users, truth, _attributes(folder, ids, ~is_cold), pictures)


def _attributes(folder: Path, ids: np.ndarray, warm: np.ndarray) -> F32:
    """Content (I, C) by attributes; its words and axes come only from warm items."""
    table = pd.read_parquet(folder / "articles.parquet")
    table.index = pd.Index(table.pop("article_id").astype(str))
    columns = {name: values.tolist() for name, values in table.reindex(ids).astype(object).items()}
    warm_columns = {name: [values[row] for row in np.flatnonzero(warm)] for name, values in columns.items()}
    return unit(Content.fit(ContentConfig(), warm_columns, ids[warm]).encode(columns, len(ids)))


def content_of(shop: Shop, kind: str, weight: float) -> F32:
    """Content by "attributes", "pictures" or "both"."""
    if kind == "both":
        return with_pictures(shop.attributes, shop.pictures, weight)
    return shop.attributes if kind == "attributes" else shop.pictures


def fit_als(shop: Shop) -> ALS:
    codes = [np.array([f"{code:09d}" for code in range(size)]) for size in shop.warm.shape]
    return ALS.fit(als_config(1), shop.warm, *codes)


def figures_of(shop: Shop, content: F32, model: str, als: ALS) -> dict[str, np.ndarray]:
    """Figures of each user: by the mean content of the purchases, or by embeddings in the space of ALS."""
    if model == "mean":
        return measure(shop, profiles(shop.warm[shop.users], content), content[shop.cold])
    items = ColdItems.fit(ColdConfig(model=model), als.item_factors, content, GANConfig(threads=1))
    return measure(shop, als.user_factors[shop.users], items.places[shop.cold])


def measure(shop: Shop, users: F32, cold: F32) -> dict[str, np.ndarray]:
    codes, _ = top_k(users, np.ascontiguousarray(cold, np.float32), K)
    figures = score_lists(codes, shop.truth, K)
    return {name: figures[name] for name in (f"recall@{K}", f"ndcg@{K}")}


def choose_weights(shop: Shop, als: ALS) -> dict[str, float]:
    """The weight of pictures for each model, chosen by recall on val."""
    chosen = {}
    for model in each("weights of pictures", ("mean", "regressor"), "models"):
        tried = {
            weight: figures_of(shop, content_of(shop, "both", weight), model, als)[f"recall@{K}"].mean()
            for weight in WEIGHTS
        }
        chosen[model] = max(tried, key=lambda weight: tried[weight])
        print(f"val, {model}, recall@{K} by weight: " + ", ".join(f"{w} {v:.4f}" for w, v in tried.items()))
    return chosen | {"gan": chosen["regressor"]}


def rows_of(shop: Shop, weights: dict[str, float], als: ALS, als_seconds: float) -> dict[str, Measured]:
    """The rows of every model with attributes, pictures and both."""
    rows = {}
    for kind in KINDS:
        for model, weight in weights.items():
            with progress(f"{kind}, {model}") as timing:
                values = figures_of(shop, content_of(shop, kind, weight), model, als)
            rows[f"{kind}, {model}"] = Measured(values, timing.seconds + (0 if model == "mean" else als_seconds))
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    args = parser.parse_args()
    torch.set_num_threads(1)
    pictured = see(args.data.with_name(f"{args.data.name}_images"))
    with progress("purchases of val"):
        shop = open_shop(args.data, pictured, "valid")
    with progress("ALS on warm items of val") as timing:
        als = fit_als(shop)
    weights = choose_weights(shop, als)
    valid = rows_of(shop, weights, als, timing.seconds)
    valid_recall = {name: round(float(row.values[f"recall@{K}"].mean()), 5) for name, row in valid.items()}
    print(f"val, recall@{K}: " + ", ".join(f"{name} {value:.4f}" for name, value in valid_recall.items()))
    with progress("purchases of test"):
        shop = open_shop(args.data, pictured, "test")
    with progress("ALS on warm items of test") as timing:
        als = fit_als(shop)
    rows = rows_of(shop, weights, als, timing.seconds)
    gain = {}
    for model in weights:
        with_, without = (rows[f"{kind}, {model}"].means()[f"recall@{K}"] for kind in ("both", "attributes"))
        gain[model] = round(with_ / without - 1, 4)
    print(f"recall@{K} with pictures above without: " + json.dumps(gain))
    best = max(valid_recall, key=lambda name: valid_recall[name])
    more = {"weights": weights, f"valid_recall@{K}": valid_recall, "gain_by_pictures": gain}
    report(f"{args.data.name}: {len(shop.cold):,} items never seen", rows, best, PEERS, more)


if __name__ == "__main__":
    main()
