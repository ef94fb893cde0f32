"""LoRA: tunes an instruct checkpoint on pairs of message and text; the message counts for nothing in the loss."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, TaskType, get_peft_model
from torch import Tensor
from transformers import PrinterCallback, Trainer, TrainerCallback, TrainingArguments
from transformers.trainer_utils import get_last_checkpoint

from models.core.on_step import OnStep
from models.instruct.checkpoint import Checkpoint
from models.instruct.memory import GIB, must_recompute

IGNORED = -100  # torch's mark of a label that does not count
_WARM_UP = 0.06  # share of the steps in which the learning rate rises; then it falls along a cosine
_SAVE_EVERY = 50  # steps
Report = Callable[[str], None]


def tuned(
    checkpoint: Checkpoint,
    pairs: Sequence[tuple[str, str]],
    folder: Path,
    report: Report | None = None,
    on_step: OnStep | None = None,
) -> Any:
    """The checkpoint's network with trained adapters (peft), in evaluation mode; pairs: (message, text).

    folder: where the state is kept, so that a run that was killed continues. Other pairs or settings make a new run.
    Raises ValueError if memory is too small, or no pair fits in `length` tokens.
    """
    config = checkpoint.config
    need = checkpoint.open(training=True)
    examples = examples_of(checkpoint, pairs[-config.most_examples :])
    if not examples:
        raise ValueError(f"none of {len(pairs)} pairs fits in instruct.length ({config.length} tokens)")
    recompute = must_recompute(need)
    torch.manual_seed(config.seed)
    lora = LoraConfig(
        task_type=TaskType.CAUSAL_LM, r=config.lora_rank, lora_alpha=2 * config.lora_rank, target_modules="all-linear"
    )
    net = get_peft_model(checkpoint.net, lora)
    if report is not None:
        trained_weights, _ = net.get_nb_trainable_parameters()
        report(
            f"LoRA trains {trained_weights:,} weights on {len(examples):,} of {len(pairs):,} pairs; about "
            f"{(need.least if recompute else need.most) / GIB:.1f} GiB of memory"
            + (", activations are computed twice" if recompute else "")
        )
    folder = folder / _run_name(checkpoint, examples)
    trainer = Trainer(
        model=net,
        args=_arguments(checkpoint, folder, recompute),
        train_dataset=examples,  # type: ignore[arg-type]
        data_collator=lambda rows: padded(rows, checkpoint.tokenizer.pad_token_id),
        callbacks=[_StepReport(on_step)] if on_step is not None else [],
    )
    trainer.remove_callback(PrinterCallback)  # prints beside the log
    trainer.train(resume_from_checkpoint=get_last_checkpoint(folder) if folder.is_dir() else None)
    return net.eval()


def examples_of(checkpoint: Checkpoint, pairs: Sequence[tuple[str, str]]) -> list[dict[str, list[int]]]:
    """Token ids and labels of each pair that fits; labels of the message are IGNORED."""
    examples = []
    for message, text in pairs:
        prompt_ids, text_ids = checkpoint.asked(message), checkpoint.answered(text)
        if len(prompt_ids) + len(text_ids) <= checkpoint.config.length:
            examples.append({"input_ids": prompt_ids + text_ids, "labels": [IGNORED] * len(prompt_ids) + text_ids})
    return examples


def padded(rows: Sequence[dict[str, list[int]]], pad: int) -> dict[str, Tensor]:
    """A batch: ids, mask and labels (n, longest)."""
    longest = max(len(row["input_ids"]) for row in rows)

    def filled(name: str, fill: int) -> Tensor:
        return torch.tensor([row[name] + [fill] * (longest - len(row[name])) for row in rows])

    mask = [[1] * len(row["input_ids"]) + [0] * (longest - len(row["input_ids"])) for row in rows]
    return {
        "input_ids": filled("input_ids", pad),
        "attention_mask": torch.tensor(mask),
        "labels": filled("labels", IGNORED),
    }


def _arguments(checkpoint: Checkpoint, folder: Path, recompute: bool) -> TrainingArguments:
    config = checkpoint.config
    return TrainingArguments(
        output_dir=str(folder),
        per_device_train_batch_size=config.rows,
        gradient_accumulation_steps=max(1, config.batch // config.rows),
        num_train_epochs=config.passes,
        learning_rate=config.learning_rate,
        lr_scheduler_type="cosine",
        warmup_steps=_WARM_UP,
        bf16=checkpoint.dtype == torch.bfloat16,
        activation_checkpointing=recompute,
        use_cpu=checkpoint.device == "cpu",
        save_strategy="steps",
        save_steps=_SAVE_EVERY,
        save_total_limit=1,
        logging_steps=10,
        report_to="none",
        disable_tqdm=True,
        remove_unused_columns=False,
        dataloader_pin_memory=False,
        seed=config.seed,
        data_seed=config.seed,
    )


def _run_name(checkpoint: Checkpoint, examples: Sequence[dict[str, list[int]]]) -> str:
    """A folder name: equal for two runs that learn the same from the same checkpoint."""
    contents = repr((checkpoint.place, checkpoint.config, checkpoint.net_config.to_dict(), list(examples)))
    return hashlib.sha256(contents.encode()).hexdigest()[:16]


class _StepReport(TrainerCallback):
    """Tells `on_step` what the trainer logs."""

    def __init__(self, on_step: OnStep) -> None:
        self.on_step = on_step

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:
        if logs and "loss" in logs:
            self.on_step(state.global_step, state.max_steps, f"{float(logs['loss']):.3f} nats a token")
