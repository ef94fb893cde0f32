"""The network behind the copywriter: a small one from scratch or a checkpoint, trained on plain text, then on pairs."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor
from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForSeq2SeqLM, LlamaConfig, LlamaForCausalLM

Ids = list[int]
IGNORED = -100  # torch's mark of a label that does not count
TRAIN_COPIES, TUNE_COPIES = 4, 1.3  # of the weights: gradients and Adam's two moments; with LoRA hardly any
WARM_UP, CLIP, DECAY = 0.06, 1.0, 0.1  # share of the steps; norm; AdamW's
POOL = 32  # batches sorted by length together
CHECKPOINT_EVERY, REPORT_EVERY = 200, 50  # steps
# The settings that a training depends on: with another of these, a checkpoint is of another run.
LEARNING = ("base_model", "lora_above", "lora_rank", "dim", "layers", "heads", "length", "batch_tokens",
            "learning_rate", "seed", "bf16")  # fmt: skip


class Example(NamedTuple):
    """What is read and what is to be written; plain text has nothing to be read."""

    read: Ids
    write: Ids


def scratch(config: Any, vocabulary: int, pad: int) -> Any:
    """A decoder of `config`'s sizes with seeded weights: RoPE, SwiGLU, tied embeddings (Llama's shape)."""
    torch.manual_seed(config.seed)
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=vocabulary, hidden_size=config.dim, intermediate_size=int(config.dim * 8 / 3) // 32 * 32,
            num_hidden_layers=config.layers, num_attention_heads=config.heads, num_key_value_heads=config.heads,
            max_position_embeddings=config.length, tie_word_embeddings=True, attention_dropout=0.0, pad_token_id=pad,
            bos_token_id=None, eos_token_id=None,
        )
    )  # fmt: skip


def open_checkpoint(place: str, only_here: bool, training: bool, lora_above: float) -> Any:
    """A causal or seq2seq model by folder or hub name, in float32, its memory counted before its weights are read.

    Raises ValueError where it cannot be read, or would not fit in what memory is free.
    """
    try:
        told = AutoConfig.from_pretrained(place, local_files_only=only_here)
        cls = AutoModelForSeq2SeqLM if told.is_encoder_decoder else AutoModelForCausalLM
        with torch.device("meta"):
            parameters = sum(weight.numel() for weight in cls.from_config(told).parameters())
        copies = (TRAIN_COPIES if parameters <= lora_above else TUNE_COPIES) if training else 1.0
        needed, free = int(parameters * 4 * copies), free_bytes()
        if needed > free:
            raise MemoryError(f"{parameters:,} weights need {needed / 2**30:.1f} GiB, {free / 2**30:.1f} GiB are free")
        return cls.from_pretrained(place, local_files_only=only_here, dtype=torch.float32)
    except MemoryError as error:
        raise ValueError(f"{place} does not fit: {error}; name a smaller base_model, or a larger machine") from None
    except Exception as error:
        raise ValueError(
            f"{place} cannot be read as a model ({type(error).__name__}: {str(error).splitlines()[0][:200]}); "
            "base_model is a folder with config.json and safetensors, a hub's name, or empty to train from scratch"
        ) from error


def free_bytes() -> int:
    """Memory free on the GPU that would be used, else of the machine."""
    if torch.cuda.is_available():
        return int(torch.cuda.mem_get_info()[0])
    try:
        with open("/proc/meminfo") as lines:
            return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable"))
    except (OSError, StopIteration):
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def with_lora(net: Any, rank: int, fresh: Ids) -> Any:
    """The net with its weights frozen and low-rank changes beside every linear layer; `merged` puts them in.

    Rows of the `fresh` tokens, which no checkpoint knows, are trained whole.
    """
    from peft import LoraConfig, TaskType, get_peft_model  # seconds to import, and for large checkpoints only

    task = TaskType.SEQ_2_SEQ_LM if net.config.is_encoder_decoder else TaskType.CAUSAL_LM
    wanted = LoraConfig(
        task_type=task, r=rank, lora_alpha=2 * rank, target_modules="all-linear", trainable_token_indices=fresh
    )
    return get_peft_model(net, wanted)


def merged(net: Any) -> Any:
    return net.merge_and_unload() if hasattr(net, "merge_and_unload") else net


def plain_examples(texts: list[Ids], length: int) -> list[Example]:
    """Texts one after the other in blocks of `length` tokens: no padding; the last, short block is kept."""
    stream = [token for text in texts for token in text]
    return [Example([], stream[low : low + length]) for low in range(0, len(stream), length)]


def batches(examples: list[Example], tokens: int, rng: np.random.Generator) -> list[list[int]]:
    """Every example once, in batches of about `tokens` tokens and of like length, in seeded order."""
    sizes = np.array([len(read) + len(write) for read, write in examples])
    order = rng.permutation(len(examples))
    pool = max(int(POOL * tokens / max(sizes.mean(), 1)), 1)
    made: list[list[int]] = []
    for low in range(0, len(order), pool):
        batch: list[int] = []
        for at in sorted(order[low : low + pool], key=lambda at: sizes[at]):
            if batch and (len(batch) + 1) * sizes[at] > tokens:
                made.append(batch)
                batch = []
            batch.append(int(at))
        made.append(batch)
    return [made[at] for at in rng.permutation(len(made))]


def tensors_of(chosen: list[Example], net: Any, pad: int) -> dict[str, Tensor]:
    """A batch as the net wants it, on its device: for a decoder read + write in one row, else in two."""
    if net.config.is_encoder_decoder:
        ids = _padded([read or write[:1] for read, write in chosen], pad)
        return _on(net, {"input_ids": ids, "attention_mask": (ids != pad).long(),
                         "labels": _padded([write for _, write in chosen], IGNORED)})  # fmt: skip
    rows = _padded([read + write for read, write in chosen], pad)
    labels = _padded([[IGNORED] * len(read) + write for read, write in chosen], IGNORED)
    lengths = torch.tensor([len(read) + len(write) for read, write in chosen])
    mask = (torch.arange(rows.shape[1]) < lengths[:, None]).long()
    return _on(net, {"input_ids": rows, "attention_mask": mask, "labels": labels})


def _padded(rows: list[Ids], fill: int) -> Tensor:
    full = torch.full((len(rows), max(map(len, rows))), fill, dtype=torch.int64)
    for row, ids in zip(full, rows, strict=True):
        row[: len(ids)] = torch.tensor(ids, dtype=torch.int64)
    return full


def _on(net: Any, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    device = next(net.parameters()).device
    return {name: tensor.to(device) for name, tensor in tensors.items()}


def autocast(net: Any, bf16: bool) -> Any:
    return torch.autocast("cuda", torch.bfloat16, enabled=bf16 and next(net.parameters()).is_cuda)


@torch.no_grad()
def logprobs(net: Any, examples: list[Example], pad: int, tokens: int, bf16: bool) -> np.ndarray:
    """Mean log-probability per written token of each example (n,), nats; batches sorted by length."""
    net.eval()
    out = np.zeros(len(examples), np.float32)
    order = sorted(range(len(examples)), key=lambda at: (len(examples[at].read) + len(examples[at].write), at))
    for chosen in _by_tokens(order, examples, tokens):
        with autocast(net, bf16):
            nats, rows = losses(net, tensors_of([examples[at] for at in chosen], net, pad))
        sums = torch.zeros(len(chosen), device=nats.device).index_add_(0, rows, nats)
        counts = torch.bincount(rows, minlength=len(chosen)).clamp(min=1)
        out[chosen] = (-sums / counts).cpu().numpy()
    return out


def losses(net: Any, batch: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
    """Nats of every token to be written (N,) and its row (N,); a decoder's softmax is left out where nothing is."""
    labels = batch["labels"]
    if net.config.is_encoder_decoder:
        logits = net(**batch).logits[labels != IGNORED]
    else:
        labels = labels[:, 1:]
        states = net.get_decoder()(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"],
                                   use_cache=False).last_hidden_state  # fmt: skip
        logits = net.get_output_embeddings()(states[:, :-1][labels != IGNORED])
    there = labels != IGNORED
    nats = torch.nn.functional.cross_entropy(logits.float(), labels[there], reduction="none")
    return nats, torch.nonzero(there)[:, 0]


def _by_tokens(order: list[int], examples: list[Example], tokens: int) -> Iterator[list[int]]:
    batch: list[int] = []
    for at in order:
        if batch and (len(batch) + 1) * (len(examples[at].read) + len(examples[at].write)) > tokens:
            yield batch
            batch = []
        batch.append(at)
    if batch:
        yield batch


class Trainer:
    """Stages of examples, each for some passes; one learning rate that rises, then falls to nothing over a stage."""

    def __init__(self, config: Any, net: Any, pad: int, stages: list[tuple[str, list[Example], int]]) -> None:
        self.config, self.net, self.pad = config, net, pad
        self.stages = [stage for stage in stages if stage[1] and stage[2]]
        self.weights = {name: weight for name, weight in net.named_parameters() if weight.requires_grad}
        told = repr(
            (
                [getattr(config, name) for name in LEARNING],
                [(name, examples, passes) for name, examples, passes in self.stages],
            )
        )
        self.run = hashlib.sha256(told.encode()).hexdigest()
        self.step = 0

    def train(self, checkpoint: Path | None, report: Callable[[str], None] | None) -> None:
        """Run every stage; with a `checkpoint` folder, go on from what it holds, to the same weights on a CPU.

        Raises ValueError for a checkpoint of another config or other data.
        """
        done = self._resume(checkpoint) if checkpoint is not None else -1
        first = 0
        for number, (name, examples, passes) in enumerate(self.stages):
            rngs = [np.random.default_rng((self.config.seed, number, each)) for each in range(passes)]
            plan = [batch for rng in rngs for batch in batches(examples, self.config.batch_tokens, rng)]
            if first + len(plan) <= done:
                first += len(plan)
                continue
            if done <= first:
                self._new_optimizer()
            self._stage(name, examples, plan, first, max(done, first), checkpoint, report)
            first += len(plan)

    def _new_optimizer(self) -> None:
        groups = [
            {"params": [w for w in self.weights.values() if w.dim() > 1], "weight_decay": DECAY},
            {"params": [w for w in self.weights.values() if w.dim() < 2], "weight_decay": 0.0},
        ]
        self.optimizer = torch.optim.AdamW(groups, betas=(0.9, 0.95))

    def _stage(
        self, name: str, examples: list[Example], plan: list[list[int]], first: int, start: int,
        checkpoint: Path | None, report: Callable[[str], None] | None,
    ) -> None:  # fmt: skip
        self.net.train()
        total, seen = 0.0, 0
        for at in range(start - first, len(plan)):
            torch.manual_seed(self.config.seed * 1_000_003 + first + at)  # dropout's draws are the step's own
            for group in self.optimizer.param_groups:
                group["lr"] = self._rate(at, len(plan))
            batch = tensors_of([examples[chosen] for chosen in plan[at]], self.net, self.pad)
            with autocast(self.net, self.config.bf16):
                loss = losses(self.net, batch)[0].mean()
            self.optimizer.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(list(self.weights.values()), CLIP)
            self.optimizer.step()
            total, seen = total + float(loss.detach()), seen + 1
            if report is not None and (at % REPORT_EVERY == REPORT_EVERY - 1 or at == len(plan) - 1):
                report(f"{name} step {at + 1} of {len(plan)}, {total / seen:.3f} nats a token")
                total, seen = 0.0, 0
            if checkpoint is not None and (at % CHECKPOINT_EVERY == CHECKPOINT_EVERY - 1 or at == len(plan) - 1):
                self._write(checkpoint, first + at + 1)

    def _rate(self, at: int, steps: int) -> float:
        warm = max(int(steps * WARM_UP), 1)
        falling = 0.5 * (1 + np.cos(np.pi * max(at - warm, 0) / max(steps - warm, 1)))
        return float(self.config.learning_rate * min((at + 1) / warm, 1.0) * max(falling, 0.02))

    def _write(self, folder: Path, done: int) -> None:
        """One file, replaced whole: the weights that are trained, Adam's moments, and whose run it is."""
        folder.mkdir(parents=True, exist_ok=True)
        tensors = {f"net.{name}": weight.detach() for name, weight in self.weights.items()}
        for name, weight in self.weights.items():
            tensors |= {f"adam.{key}.{name}": value for key, value in self.optimizer.state[weight].items()}
        told = json.dumps({"run": self.run, "done": done})
        save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, folder / "new", {"state": told})
        os.replace(folder / "new", folder / "training.safetensors")

    def _resume(self, folder: Path) -> int:
        """Steps done by the run whose checkpoint lies in `folder`; -1 where none does."""
        path = folder / "training.safetensors"
        if not path.is_file():
            return -1
        with safe_open(path, "pt") as file:
            told = json.loads(file.metadata()["state"])
            if told["run"] != self.run:
                raise ValueError(f"{path} is of a run with another config or other texts; delete it, or name another")
            self._new_optimizer()
            with torch.no_grad():
                for name, weight in self.weights.items():
                    weight.copy_(file.get_tensor(f"net.{name}"))
                    state = {key: file.get_tensor(f"adam.{key}.{name}") for key in ("step", "exp_avg", "exp_avg_sq")}
                    self.optimizer.state[weight] = {
                        key: value if key == "step" else value.to(weight.device) for key, value in state.items()
                    }
        return int(told["done"])
