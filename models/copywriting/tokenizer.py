"""Words to tokens: one tokenizer for Chinese and English, and control tokens for what a prompt asks for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, trainers
from tokenizers import decoders as token_decoders
from transformers import AutoTokenizer, PreTrainedTokenizerFast

from models.copywriting.examples import Example
from models.copywriting.prompts import LANGUAGES, SLOTS, Prompt, has_digit, masked

PAD, UNKNOWN, START, TEXT, END, NAME, VALUE = "<pad>", "<unk>", "<start>", "<text>", "<end>", "<name>", "<value>"
KINDS = ("strategy", "style", "channel")
FEWEST = 2  # times a merge must be seen
ALPHABET = 0.45  # of the tokens may be single characters; a rarer one is never written
LONGEST = 12  # characters of a token


def control(kind: str, word: str) -> str:
    """`<style=young>`; `<style=>` where nothing is asked for, or what was never seen in training."""
    return f"<{kind}={word}>"


def controls_of(prompts: Iterable[Prompt]) -> list[str]:
    words = {control(kind, getattr(prompt, kind)) for prompt in prompts for kind in KINDS}
    words |= {control(kind, "") for kind in KINDS} | {control("language", language) for language in LANGUAGES}
    return sorted(words)


def train_tokenizer(texts: Iterable[str], prompts: Sequence[Prompt], size: int) -> PreTrainedTokenizerFast:
    """A BPE of characters, `size` tokens at most; no merge crosses from a Chinese word into an English one.

    The same texts give the same: which characters are rare is decided here, as the trainer breaks ties by chance.
    """
    texts = list(texts)
    counts = Counter(letter for text in texts for letter in text if not has_digit(letter))
    often = sorted(counts, key=lambda letter: (-counts[letter], letter))[: int(size * ALPHABET)]
    alphabet = sorted({"\u2581", *often} - {" ", "\n"})
    tokenizer = Tokenizer(models.BPE(unk_token=UNKNOWN, fuse_unk=True))
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFC(), normalizers.Replace("\n", " ")])
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Metaspace(prepend_scheme="never", split=True),
        pre_tokenizers.Split(pattern=Regex(r"[\p{P}\p{Sm}\p{Sc}\p{Sk}]"), behavior="isolated"),
        pre_tokenizers.Split(pattern=Regex(r"▁?[\p{Latin}'’-]+"), behavior="isolated"),
    ])  # fmt: skip
    tokenizer.decoder = token_decoders.Metaspace(prepend_scheme="never")
    special = [PAD, UNKNOWN, START, TEXT, END, NAME, VALUE, *SLOTS, *controls_of(prompts)]
    trainer = trainers.BpeTrainer(
        vocab_size=size, min_frequency=FEWEST, initial_alphabet=alphabet, limit_alphabet=len(alphabet),
        special_tokens=special, max_token_length=LONGEST, show_progress=False,
    )  # fmt: skip
    tokenizer.train_from_iterator(texts, trainer)
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token=PAD, unk_token=UNKNOWN, bos_token=START,
                                   eos_token=END, additional_special_tokens=special)  # fmt: skip


def open_tokenizer(place: str, only_here: bool) -> Any:
    """The tokenizer of a folder or, unless `only_here`, of a hub name. Raises ValueError where it cannot be read."""
    try:
        return AutoTokenizer.from_pretrained(place, local_files_only=only_here)
    except Exception as error:  # whatever the file's reader raises: each library has its own
        raise ValueError(
            f"{place}: its tokenizer cannot be read ({type(error).__name__}: {str(error).splitlines()[0][:200]}); "
            "save the tokenizer beside the weights anew, or name another base_model"
        ) from error


class Coder:
    """Prompts and texts as token ids, for a tokenizer of ours or of a checkpoint."""

    def __init__(self, tokenizer: Any) -> None:
        self.tokenizer = tokenizer
        vocabulary = tokenizer.get_vocab()
        self.start, self.text, self.end = (vocabulary[word] for word in (START, TEXT, END))
        self.name, self.value, self.pad = vocabulary[NAME], vocabulary[VALUE], tokenizer.pad_token_id
        self.controls = {word: code for word, code in vocabulary.items() if word.startswith("<") and "=" in word}
        self.slots = {slot: vocabulary[slot] for slot in SLOTS}
        self.never = self._never(vocabulary)
        self._known: dict[str, list[int]] = {}

    def _never(self, vocabulary: dict[str, int]) -> list[int]:
        """Tokens that no text may hold: figures, and every special one but the end."""
        special = set(self.tokenizer.all_special_ids) | set(self.controls.values()) | {self.name, self.value, self.text}
        figures = {code for word, code in vocabulary.items() if has_digit(self.tokenizer.decode([code]))}
        return sorted((special | figures | {self.start}) - {self.end})

    def prompt(self, prompt: Prompt) -> list[int]:
        ids = [self.start, self.controls[control("language", prompt.language)]]
        for kind in KINDS:
            ids.append(self.controls.get(control(kind, getattr(prompt, kind)), self.controls[control(kind, "")]))
        for name, value in prompt.attributes:
            ids += [self.name, *self._words(masked(name)), self.value, *self._words(masked(value))]
        return [*ids, self.text]

    def written(self, text: str) -> list[int]:
        return [*self._words(text, keep=False), self.end]

    def example(self, prompt: Prompt, text: str) -> Example:
        return Example(self.prompt(prompt), self.written(text))

    def read(self, ids: Sequence[int]) -> str:
        """The text of ids up to the end token."""
        upto = list(ids).index(self.end) if self.end in ids else len(ids)
        return str(self.tokenizer.decode(ids[:upto], clean_up_tokenization_spaces=False)).strip()

    def _words(self, text: str, keep: bool = True) -> list[int]:
        if text in self._known:
            return self._known[text]
        ids = list(self.tokenizer(text, add_special_tokens=False)["input_ids"])
        if keep and len(self._known) < 100_000:
            self._known[text] = ids
        return ids


def needed_tokens(prompts: Iterable[Prompt]) -> list[str]:
    """What a checkpoint's tokenizer is given beside its own."""
    return [START, TEXT, END, NAME, VALUE, *SLOTS, *controls_of(prompts)]
