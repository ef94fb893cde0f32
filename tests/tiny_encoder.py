"""A sentence encoder of one small layer with random weights, whose tokenizer knows the words of some texts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

from models.service.tokens import tokens_of

_PAD, _UNKNOWN, _BEGIN, _END = "[PAD]", "[UNK]", "[CLS]", "[SEP]"


def make_encoder(folder: Path, texts: Sequence[str], dim: int = 32) -> Path:
    """Writes a checkpoint into the folder, and returns the folder."""
    words = sorted({token for text in texts for token in tokens_of(text, 100)})
    ids = {word: index for index, word in enumerate([_PAD, _UNKNOWN, _BEGIN, _END, *words])}
    word_level = Tokenizer(models.WordLevel(ids, unk_token=_UNKNOWN))
    word_level.normalizer = normalizers.BertNormalizer()
    word_level.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    word_level.post_processor = processors.BertProcessing((_END, ids[_END]), (_BEGIN, ids[_BEGIN]))
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=word_level, pad_token=_PAD, unk_token=_UNKNOWN,
                                        cls_token=_BEGIN, sep_token=_END)  # fmt: skip
    torch.manual_seed(7)
    config = BertConfig(vocab_size=len(ids), hidden_size=dim, num_hidden_layers=1, num_attention_heads=2,
                        intermediate_size=2 * dim, max_position_embeddings=128)  # fmt: skip
    BertModel(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder
