"""Compares the speed of the copywriter's sampling with plain `generate`, on the same network in the same run.

    python -m tests.bench.copywriting.copy_speed [--prompts 48] [--each 4] [--threads 2]

The network has the default sizes and random weights; prompts are invented and have 1 to 16 attributes. Each step draws
from a few dozen tokens, one of which ends the text, so that lengths are geometrically distributed, up to 160 tokens.
Compared are: `generate` prompt by prompt, with all candidates of a prompt at once; `generate` text by text (of fewer
texts, since it is slow); and `generate` over batches as large as ours, in the order of the prompts. All use a KV cache.
Tokens of texts are counted, padding is not. The last line is JSON; `ratio` is ours over `generate` prompt by prompt.
"""

from __future__ import annotations

import argparse
import json
import time
from typing import Any

import numpy as np
import torch

from jobs.runtime.progress import each
from models.copywriting.copywriter_config import CopywriterConfig
from models.copywriting.decoding import write_texts
from models.copywriting.network import scratch
from models.copywriting.prompts import Prompt
from models.copywriting.tokenizer import Coder, train_tokenizer
from tests.bench.quality import SEED

WORDS = "soft cotton jersey wide straps long short sleeves round neckline collar pocket button zip linen black white"
Ids = list[int]


def prompts_of(count: int) -> list[Prompt]:
    rng, words = np.random.default_rng(SEED), WORDS.split()
    sizes = rng.integers(1, 17, count)
    return [Prompt("en", attributes=tuple(("name", str(word)) for word in rng.choice(words, size))) for size in sizes]


def plain_generate(
    net: Any, coder: Coder, prompts: list[Ids], texts_each: int, width: int, config: CopywriterConfig
) -> int:
    """Number of tokens of `texts_each` texts for every prompt, with `width` prompts in a call, padded on the left."""
    tokens = 0
    torch.manual_seed(SEED)
    hidden = [*coder.never, *range(len(coder.tokenizer), net.config.vocab_size)]
    for low in range(0, len(prompts), width):
        chosen = prompts[low : low + width]
        longest = max(map(len, chosen))
        ids = torch.tensor([[coder.pad] * (longest - len(p)) + p for p in chosen], device=net.device)
        mask = torch.tensor([[0] * (longest - len(p)) + [1] * len(p) for p in chosen], device=net.device)
        out = net.generate(
            input_ids=ids, attention_mask=mask, do_sample=True, temperature=config.temperature, top_k=config.top_k,
            max_new_tokens=config.longest, num_return_sequences=texts_each, suppress_tokens=hidden,
            eos_token_id=coder.end, pad_token_id=coder.pad,
        )[:, longest:]  # fmt: skip
        tokens += sum(lengths(row.tolist(), coder.end) for row in out)
    return tokens


def lengths(ids: Ids, end: int) -> int:
    return ids.index(end) + 1 if end in ids else len(ids)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--prompts", type=int, default=48)
    parser.add_argument("--each", type=int, default=4)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    config = CopywriterConfig()
    coder = Coder(train_tokenizer([WORDS] * 3, [Prompt("en")], 200))
    net = scratch(config, config.vocabulary, coder.pad).eval()
    net = net.to("cuda" if torch.cuda.is_available() else "cpu")
    prompts = [coder.prompt(prompt) for prompt in prompts_of(args.prompts)]
    few = max(args.prompts * args.each // 8, 1)  # texts for the slowest method

    def ours() -> int:
        texts = write_texts(net, coder, prompts, [set()] * len(prompts), args.each, config, SEED)
        return sum(len(text) for candidates in texts for text in candidates)

    ways = {
        "ours": (ours, args.prompts * args.each),
        "generate, prompt by prompt": (lambda: plain_generate(net, coder, prompts, args.each, 1, config), None),
        "generate, text by text": (lambda: plain_generate(net, coder, (prompts * args.each)[:few], 1, 1, config), few),
        "generate, batches as they come": (
            lambda: plain_generate(net, coder, prompts, args.each, max(config.rows // args.each, 1), config), None),
    }  # fmt: skip
    plain_generate(net, coder, prompts[:1], 1, 1, config)  # warm up
    write_texts(net, coder, prompts[:2], [set()] * 2, 1, config, SEED)
    measured = {}
    print(f"{'':34}{'texts/s':>10}{'tokens/s':>12}{'tokens':>10}")
    for name in each("ways to write", ways):
        way, texts = ways[name]
        started = time.perf_counter()
        tokens = way()
        seconds = time.perf_counter() - started
        measured[name] = {"texts_per_s": round((texts or args.prompts * args.each) / seconds, 2),
                          "tokens_per_s": round(tokens / seconds, 1)}  # fmt: skip
        print(f"{name:34}{measured[name]['texts_per_s']:>10.2f}{measured[name]['tokens_per_s']:>12.1f}{tokens:>10,}")
    rates = [row["tokens_per_s"] for row in measured.values()]
    device = torch.cuda.get_device_name() if net.device.type == "cuda" else "cpu"
    print(f"{args.prompts} prompts of {min(map(len, prompts))} to {max(map(len, prompts))} tokens, {args.each} texts "
          f"each; on {device}")  # fmt: skip
    ratios = {
        "ratio": rates[0] / rates[1],
        "ratio_text_by_text": rates[0] / rates[2],
        "ratio_batched": rates[0] / rates[3],
    }
    print(json.dumps(measured | {name: round(value, 2) for name, value in ratios.items()} | {"device": device}))


if __name__ == "__main__":
    main()
