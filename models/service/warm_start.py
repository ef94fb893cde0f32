"""Warm-starts a reader: copies an earlier reader's layers, and its embeddings of the words that both know."""

from __future__ import annotations

import torch

from models.service.networks import Reader
from models.service.tokens import Vocabulary


def begin_reader(reader: Reader, vocabulary: Vocabulary, earlier: Reader, known: Vocabulary) -> None:
    """Copies what `earlier`, a reader of the same sizes, learned: its layers, and the embeddings of shared words."""
    reader.lstm.load_state_dict(earlier.lstm.state_dict())
    for table, old, new_words, old_words in (
        (reader.tokens.weight, earlier.tokens.weight, vocabulary.tokens, known.tokens),
        (reader.pieces.weight, earlier.pieces.weight, vocabulary.pieces, known.pieces),
    ):
        old_row = {word: row for row, word in enumerate(old_words, start=2)}
        shared = [(row, old_row[word]) for row, word in enumerate(new_words, start=2) if word in old_row]
        if shared:
            targets, origins = (torch.tensor(side) for side in zip(*shared, strict=True))
            with torch.no_grad():
                table[targets] = old[origins]
