"""Examples: each is in one batch, and a text's log-probability does not depend on its batch."""

from __future__ import annotations

import numpy as np

from models.copywriting.examples import Example, plain_examples, shuffled_batches
from models.copywriting.likelihood import logprobs
from models.copywriting.network import scratch
from models.copywriting.prompts import masked
from models.copywriting.tokenizer import Coder
from tests.unit.models.copywriting.test_copywriter import PAIRS, TINY, a_tokenizer


def test_batches_hold_every_example_once_and_plain_text_is_packed() -> None:
    blocks = plain_examples([[1] * 7, [2] * 5, [3] * 9], 8)
    assert [len(block.write) for block in blocks] == [8, 8, 5]
    examples = [Example([0], [1] * size) for size in range(1, 40)]
    batches = shuffled_batches(examples, 60, np.random.default_rng(1))
    assert sorted(index for batch in batches for index in batch) == list(range(39))
    assert all(len(batch) * max(len(examples[index].write) + 1 for index in batch) <= 60 for batch in batches)


def test_a_log_probability_does_not_depend_on_what_stands_beside_it() -> None:
    coder = Coder(a_tokenizer())
    net = scratch(TINY, len(coder.tokenizer), coder.pad)
    examples = [coder.example(prompt, masked(text)) for prompt, text in PAIRS]
    alone = np.concatenate([logprobs(net, [example], coder.pad, 512, bf16=False) for example in examples])
    np.testing.assert_allclose(logprobs(net, examples, coder.pad, 512, bf16=False), alone, atol=1e-4)
