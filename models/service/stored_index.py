"""An index in a folder: arrays and networks as safetensors, vocabularies as JSON."""

from __future__ import annotations

import json
from itertools import count, takewhile
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file, save_file
from safetensors.torch import load_file as load_tensors
from safetensors.torch import save_file as save_tensors
from scipy import sparse
from torch import nn

from models.service.evidence import Index
from models.service.logistic import Logistic
from models.service.networks import Matcher, NetworkConfig
from models.service.ngrams import NGrams
from models.service.pair_training import PairNetwork
from models.service.reader_training import AnswerNetwork, DualEncoder
from models.service.reranker import Reranker
from models.service.sentence_encoder import SentenceEncoder
from models.service.sentence_network import Placed, SentenceNetwork
from models.service.tokens import Vocabulary

MATCHER, PLACED = "matcher.safetensors", "placed.safetensors"


def save_index(index: Index, folder: Path) -> None:
    """Writes index.safetensors and vocabulary.json, a file for each net of a network, and one for a matcher."""
    wordings = index.wordings
    arrays = {
        "weights": index.grams.weights,
        "data": wordings.data,
        "columns": wordings.indices.astype(np.int32),
        "ends": wordings.indptr.astype(np.int32),
        "codes": index.codes.astype(np.int64),
    }
    if index.logistic is not None:
        arrays |= {"logistic_weights": index.logistic.weights, "logistic_constants": index.logistic.constants}
    save_file({name: np.ascontiguousarray(array) for name, array in arrays.items()}, str(folder / "index.safetensors"))
    words: dict[str, Any] = {
        "grams": index.grams.grams.tolist(),
        "answers": index.answers,
        "share": index.share,
        "outside": list(index.outside),
    }
    if isinstance(index.network, SentenceNetwork):
        encoder = index.network.encoder
        words["sentence_encoder"] = {"place": encoder.place, "digest": encoder.digest}
        _save_net(index.network.net, folder / PLACED)
    elif index.network is not None:
        words |= {"tokens": index.network.vocabulary.tokens, "pieces": index.network.vocabulary.pieces}
        for n, net in enumerate(index.network.nets):
            _save_net(net, folder / _name_of(n))
    if index.reranker is not None:
        matcher, vocabulary = index.reranker, index.reranker.network.vocabulary
        words["matcher"] = {"tokens": vocabulary.tokens, "pieces": vocabulary.pieces, "texts": matcher.texts,
                            "most": matcher.most, "weight": matcher.weight}  # fmt: skip
        _save_net(matcher.network.net, folder / MATCHER)
    (folder / "vocabulary.json").write_text(json.dumps(words, ensure_ascii=False))


def _save_net(net: nn.Module, path: Path) -> None:
    save_tensors({name: value.contiguous() for name, value in net.state_dict().items()}, str(path))


def load_index(folder: Path, config: NetworkConfig) -> Index:
    """What `save_index` wrote; its network, if any, has the sizes of `config`."""
    words, arrays = json.loads((folder / "vocabulary.json").read_text()), load_file(str(folder / "index.safetensors"))
    grams = NGrams(np.array(words["grams"], np.str_), arrays["weights"])
    shape = (len(arrays["codes"]), len(grams.grams))
    wordings = sparse.csr_matrix((arrays["data"], arrays["columns"], arrays["ends"]), shape=shape)
    logistic = None
    if "logistic_weights" in arrays:
        logistic = Logistic(arrays["logistic_weights"], arrays["logistic_constants"])
    network: AnswerNetwork | SentenceNetwork | None = None
    if "sentence_encoder" in words:
        network = _load_placed(folder, words["answers"], config, **words["sentence_encoder"])
    elif "tokens" in words:
        vocabulary = Vocabulary(words["tokens"], words["pieces"])
        nets = []
        for path in takewhile(Path.exists, (folder / _name_of(n) for n in count())):
            net = DualEncoder(config, len(vocabulary.tokens) + 2, len(vocabulary.pieces) + 2, words["answers"])
            net.load_state_dict(load_tensors(str(path)))
            nets.append(net)
        network = AnswerNetwork(config, vocabulary, nets)
    matcher = _load_matcher(folder, words["matcher"], config) if "matcher" in words else None
    return Index(
        grams,
        wordings,
        arrays["codes"],
        words["answers"],
        logistic,
        network,
        words["share"],
        matcher,
        tuple(words.get("outside", ())),
    )


def _load_matcher(folder: Path, words: dict[str, Any], config: NetworkConfig) -> Reranker:
    vocabulary = Vocabulary(words["tokens"], words["pieces"])
    net = Matcher(config, len(vocabulary.tokens) + 2, len(vocabulary.pieces) + 2)
    net.load_state_dict(load_tensors(str(folder / MATCHER)))
    return Reranker(PairNetwork(config, vocabulary, net), words["texts"], words["most"], words["weight"])


def _load_placed(folder: Path, answers: int, config: NetworkConfig, place: str, digest: str) -> SentenceNetwork:
    encoder = SentenceEncoder(place)
    if encoder.digest != digest:
        raise ValueError(f"{place} has other weights (digest {encoder.digest}) than those that {folder} learned with "
                         f"({digest}); put them back, or train the answerer again")  # fmt: skip
    net = Placed(encoder.net.config.hidden_size, answers, config.dropout)
    net.load_state_dict(load_tensors(str(folder / PLACED)))
    return SentenceNetwork(encoder, net)


def _name_of(net: int) -> str:
    """The file name of a network's net: network.safetensors, network_1.safetensors, ..."""
    return f"network_{net}.safetensors" if net else "network.safetensors"
