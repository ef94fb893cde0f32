"""Opens an instruct checkpoint, and turns messages and texts into its tokens with its own chat template."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import torch
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

from models.instruct.config import InstructConfig
from models.instruct.memory import Need, refuse_too_large, tuning_need, without_weights, writing_need

Ids = list[int]


class Checkpoint:
    """The tokenizer and, once `open` was called, the network of a folder or hub name.

    Raises ValueError where there is no readable tokenizer or config, or no chat template.
    """

    def __init__(self, place: str, config: InstructConfig) -> None:
        self.place, self.config, self.is_folder = place, config, Path(place).is_dir()
        self.device = ("cuda" if torch.cuda.is_available() else "cpu") if config.device == "auto" else config.device
        dtype_name = config.dtype if config.dtype != "auto" else _natural_dtype(self.device)
        self.dtype: torch.dtype = getattr(torch, dtype_name)
        self.net_config = self._read(AutoConfig, "config")
        self.tokenizer = self._read(AutoTokenizer, "tokenizer")
        if not self.tokenizer.chat_template:
            raise ValueError(f"{place} has no chat template, so it is no instruct model; name one that has")
        if self.tokenizer.pad_token is None:
            self.tokenizer.pad_token = self.tokenizer.eos_token
        self.net: Any = None

    def open(self, training: bool) -> Need:
        """Reads the weights. Raises ValueError, before reading them, if the memory is too small."""
        empty = self._loaded(lambda: without_weights(AutoModelForCausalLM, self.net_config))
        size, config = self.dtype.itemsize, self.config
        if training:
            need = tuning_need(empty, self.net_config, size, config.rows, config.length, config.lora_rank)
        else:
            need = writing_need(empty, self.net_config, size, config.rows, config.length + config.answer_tokens)
        remedy = "lower instruct.rows or instruct.length, name a smaller copy.base_model, or a larger machine"
        refuse_too_large(self.place, need, remedy)
        self.net = self._read(AutoModelForCausalLM, "network", dtype=self.dtype).to(self.device).eval()
        return need

    def asked(self, message: str) -> Ids:
        """Tokens of a message from the user, up to where the answer begins. A control token in it is plain text."""
        return list(
            self.tokenizer.apply_chat_template(
                [{"role": "user", "content": message}],
                add_generation_prompt=True,
                tokenize=True,
                return_dict=False,
                sanitize_control_tokens=True,
                enable_thinking=self.config.thinking,
            )
        )

    def answered(self, text: str) -> Ids:
        """Tokens of a text as the model's answer, with the token that ends its turn."""
        turns = [{"role": "user", "content": "-"}, {"role": "assistant", "content": text}]
        options = {"tokenize": False, "enable_thinking": self.config.thinking}
        before = self.tokenizer.apply_chat_template(turns[:1], add_generation_prompt=True, **options)
        conversation = self.tokenizer.apply_chat_template(turns, **options)
        turn = conversation[len(before) :].rstrip() if conversation.startswith(before) else text
        ids = list(self.tokenizer(turn, add_special_tokens=False)["input_ids"])
        return ids if ids and ids[-1] in self.ends else [*ids, self.tokenizer.eos_token_id]

    @property
    def ends(self) -> Ids:
        """Tokens that end an answer: those of the model's own generation settings, and the tokenizer's."""
        end_token = self.net.generation_config.eos_token_id
        end_tokens = end_token if isinstance(end_token, list) else [end_token]
        return [token for token in dict.fromkeys([*end_tokens, self.tokenizer.eos_token_id]) if token is not None]

    def _read(self, kind: Any, what: str, **options: Any) -> Any:
        return self._loaded(lambda: kind.from_pretrained(self.place, local_files_only=self.is_folder, **options), what)

    def _loaded(self, load: Any, what: str = "network") -> Any:
        try:
            return load()
        except Exception as error:  # each library raises errors of its own
            reason = (str(error).splitlines() or [""])[0][:200]
            raise ValueError(
                f"{self.place}: its {what} cannot be read ({type(error).__name__}: {reason}); copy.base_model is a "
                "folder with config.json, safetensors and a tokenizer, or a hub's name that this machine can download"
            ) from error


def _natural_dtype(device: str) -> str:
    return "bfloat16" if device.startswith("cuda") and torch.cuda.is_bf16_supported() else "float32"


def set_threads(config: InstructConfig) -> None:
    threads = config.threads or len(os.sched_getaffinity(0))
    if torch.get_num_threads() != threads:
        torch.set_num_threads(threads)
