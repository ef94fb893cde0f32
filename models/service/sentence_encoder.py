"""A sentence encoder from a folder: a transformers checkpoint; the mean of its token states is a text's vector."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from models.core.torch_threads import torch_threads
from models.service.pair_training import in_rows

F32 = NDArray[np.float32]
LENGTH = 64  # tokens read of a text
_BATCH = 64
_STRANGE = 0.3  # with a larger share of unknown tokens, the tokenizer cannot read a text
_MOST_STRANGE = 0.1  # most share of such texts
_SETTING = "answerer.sentence_encoder"
_WANTED = "a folder with config.json, weights as safetensors, and a tokenizer"


class SentenceEncoder:
    """The tokenizer and the network of a folder. Nothing is downloaded, and no code from the folder is run.

    Raises FileNotFoundError where there is no such folder or a file is missing; ValueError where they cannot be read.
    """

    def __init__(self, place: str) -> None:
        from transformers import AutoModel, AutoTokenizer  # takes some seconds; only those who name a folder wait

        self.place = place
        self.digest = _checked(Path(place))
        options = {"local_files_only": True, "trust_remote_code": False}
        self.tokenizer: Any = self._loaded("tokenizer", lambda: AutoTokenizer.from_pretrained(place, **options))
        self.net: Any = self._loaded(
            "network",
            lambda: AutoModel.from_pretrained(place, use_safetensors=True, dtype=torch.float32, **options).eval(),
        )
        if self.net.config.is_encoder_decoder:
            raise ValueError(f"{place} is a {self.net.config.model_type}, which has a decoder too; {_SETTING} is the "
                             "folder of an encoder alone, such as a BERT")  # fmt: skip
        if self.tokenizer.pad_token is None:
            self.tokenizer.pad_token = self.tokenizer.eos_token

    def _loaded(self, what: str, make: Any) -> Any:
        try:
            return make()
        except Exception as error:  # each library raises errors of its own
            line = (str(error).splitlines() or [""])[0][:200]
            raise ValueError(f"{self.place}: its {what} cannot be read ({type(error).__name__}: {line}); {_SETTING} is "
                             f"{_WANTED}") from error  # fmt: skip

    def vectors(self, texts: Sequence[str]) -> F32:
        """(n, D) of length 1."""
        ids = self.tokenizer(list(texts), truncation=True, max_length=LENGTH)["input_ids"] if len(texts) else []
        out = np.zeros((len(texts), self.net.config.hidden_size), np.float32)
        with torch.inference_mode(), torch_threads(1):
            for rows in in_rows(np.array([len(row) for row in ids], np.int64), _BATCH):
                padded = self.tokenizer.pad({"input_ids": [ids[row] for row in rows]}, return_tensors="pt")
                states = self.net(**padded).last_hidden_state
                mask = padded["attention_mask"][:, :, None]
                means = (states * mask).sum(1) / mask.sum(1).clamp(min=1)
                out[rows] = F.normalize(means, dim=1).numpy()
        return out

    def refuse_strange(self, texts: Sequence[str]) -> None:
        """Raises ValueError where the tokenizer does not know the words of more than a tenth of the texts.

        A tokenizer of bytes knows all words, so it is never refused.
        """
        unknown = self.tokenizer.unk_token_id
        if unknown is None or not len(texts):
            return
        rows = self.tokenizer(list(texts), add_special_tokens=False, truncation=True, max_length=LENGTH)["input_ids"]
        unreadable = [number for number, row in enumerate(rows) if row.count(unknown) > _STRANGE * len(row)]
        if len(unreadable) > _MOST_STRANGE * len(texts):
            raise ValueError(
                f"{self.place} does not know the words of {len(unreadable):,} of {len(texts):,} wordings, such as "
                f"{texts[unreadable[0]][:60]!r}; name a checkpoint for the shop's languages in {_SETTING}, or leave it "
                "empty"
            )


def _checked(folder: Path) -> str:
    """The digest of the weights in a folder that has all files."""
    if not folder.is_dir():
        raise FileNotFoundError(f"{_SETTING} is {str(folder)!r}, and there is no such folder; it is {_WANTED}")
    weights = sorted(folder.glob("*.safetensors"))
    names = {path.name for path in folder.iterdir()}
    missing = [] if "config.json" in names else ["config.json"]
    missing += [] if weights else ["*.safetensors"]
    missing += (
        [] if names & {"tokenizer.json", "vocab.txt", "spiece.model", "sentencepiece.bpe.model"} else ["tokenizer.json"]
    )
    if missing:
        has = ", ".join(sorted(names)) or "nothing"
        raise FileNotFoundError(f"{folder} has no {', '.join(missing)}; it has {has}; {_SETTING} is {_WANTED}")
    if _needs_own_code(folder / "config.json"):
        raise ValueError(f"{folder} needs code of its own (auto_map in config.json), which is never run; name a "
                         "checkpoint of an architecture that transformers has")  # fmt: skip
    digest = hashlib.blake2b(digest_size=8)
    for path in weights:
        with path.open("rb") as stream:
            while block := stream.read(1 << 22):
                digest.update(block)
    return digest.hexdigest()


def _needs_own_code(path: Path) -> bool:
    try:
        return "auto_map" in json.loads(path.read_text("utf-8"))
    except ValueError as error:
        raise ValueError(f"{path} is not JSON: {error}; {_SETTING} is {_WANTED}") from None
