"""Begins a reader from one that learned before: its layers, and its embeddings of words that both know."""

from __future__ import annotations

import torch

from models.service.networks import Reader
from models.service.tokens import Vocabulary


def begin_reader(reader: Reader, vocabulary: Vocabulary, earlier: Reader, known: Vocabulary) -> None:
    """Copies into the reader what `earlier`, a reader of the same sizes, learned and both vocabularies know."""
    reader.lstm.load_state_dict(earlier.lstm.state_dict())
    for table, old, own, before in (
        (reader.tokens.weight, earlier.tokens.weight, vocabulary.tokens, known.tokens),
        (reader.pieces.weight, earlier.pieces.weight, vocabulary.pieces, known.pieces),
    ):
        place = {word: at for at, word in enumerate(before, start=2)}
        shared = [(at, place[word]) for at, word in enumerate(own, start=2) if word in place]
        if shared:
            to, of = (torch.tensor(side) for side in zip(*shared, strict=True))
            with torch.no_grad():
                table[to] = old[of]
