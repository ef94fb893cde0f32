"""Text to tokens: one tokenizer for Chinese and English, with control tokens for what a prompt asks for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, trainers
from tokenizers import decoders as token_decoders
from transformers import AutoTokenizer, PreTrainedTokenizerFast

from models.copywriting.examples import Example
from models.copywriting.prompts import LANGUAGES, SLOTS, Prompt, has_digit, masked
from models.copywriting.value_slots import is_value_slot

PAD, UNKNOWN, START, TEXT, END, NAME, VALUE = "<pad>", "<unk>", "<start>", "<text>", "<end>", "<name>", "<value>"
KINDS = ("strategy", "style", "channel")
FEWEST = 2  # times that a merge must occur in the texts
ALPHABET = 0.45  # largest share of single characters among the tokens; rarer characters are never written
LONGEST = 12  # characters of a token


def control(kind: str, word: str) -> str:
    """`<style=young>`; `<style=>` if nothing is asked for, or a word that training did not have."""
    return f"<{kind}={word}>"


def controls_of(prompts: Iterable[Prompt]) -> list[str]:
    words = {control(kind, getattr(prompt, kind)) for prompt in prompts for kind in KINDS}
    words |= {control(kind, "") for kind in KINDS} | {control("language", language) for language in LANGUAGES}
    return sorted(words)


def train_tokenizer(texts: Iterable[str], prompts: Sequence[Prompt], size: int) -> PreTrainedTokenizerFast:
    """A byte-pair encoding of characters with at most `size` tokens; no token mixes Chinese and English.

    The same texts give the same tokens: the alphabet is chosen here, since the trainer would break ties at random.
    """
    texts = list(texts)
    counts = Counter(letter for text in texts for letter in text if not has_digit(letter))
    frequent = sorted(counts, key=lambda letter: (-counts[letter], letter))[: int(size * ALPHABET)]
    alphabet = sorted({"\u2581", *frequent} - {" ", "\n"})
    tokenizer = Tokenizer(models.BPE(unk_token=UNKNOWN, fuse_unk=True))
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFC(), normalizers.Replace("\n", " ")])
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Metaspace(prepend_scheme="never", split=True),
            pre_tokenizers.Split(pattern=Regex(r"[\p{P}\p{Sm}\p{Sc}\p{Sk}]"), behavior="isolated"),
            pre_tokenizers.Split(pattern=Regex(r"▁?[\p{Latin}'’-]+"), behavior="isolated"),
        ]
    )
    tokenizer.decoder = token_decoders.Metaspace(prepend_scheme="never")
    slots = sorted({value for prompt in prompts for value in prompt.values if is_value_slot(value)})
    special = [PAD, UNKNOWN, START, TEXT, END, NAME, VALUE, *SLOTS, *slots, *controls_of(prompts)]
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        min_frequency=FEWEST,
        initial_alphabet=alphabet,
        limit_alphabet=len(alphabet),
        special_tokens=special,
        max_token_length=LONGEST,
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token=PAD,
        unk_token=UNKNOWN,
        bos_token=START,
        eos_token=END,
        additional_special_tokens=special,
    )


def open_tokenizer(folder: Path) -> Any:
    """The tokenizer that `save_pretrained` wrote to `folder`. Raises ValueError if it cannot be read."""
    try:
        return AutoTokenizer.from_pretrained(folder, local_files_only=True)
    except Exception as error:  # each library raises errors of its own
        raise ValueError(
            f"{folder}: its tokenizer cannot be read ({type(error).__name__}: {str(error).splitlines()[0][:200]}); "
            "train the copywriter again"
        ) from error


class Coder:
    """Turns prompts and texts into token ids and back, with the copywriter's tokenizer."""

    def __init__(self, tokenizer: Any) -> None:
        self.tokenizer = tokenizer
        vocabulary = tokenizer.get_vocab()
        self.start, self.text, self.end = (vocabulary[word] for word in (START, TEXT, END))
        self.name, self.value, self.pad = vocabulary[NAME], vocabulary[VALUE], tokenizer.pad_token_id
        self.controls = {word: code for word, code in vocabulary.items() if word.startswith("<") and "=" in word}
        self.slots = {word: code for word, code in vocabulary.items() if word in SLOTS or is_value_slot(word)}
        self.never_written = self._unwritable(vocabulary)
        self._known: dict[str, list[int]] = {}

    def _unwritable(self, vocabulary: dict[str, int]) -> list[int]:
        """Tokens that are never written: figures, and all special tokens but the end."""
        special = set(self.tokenizer.all_special_ids) | set(self.controls.values()) | {self.name, self.value, self.text}
        figures = {code for word, code in vocabulary.items() if has_digit(self.tokenizer.decode([code]))}
        return sorted((special | figures | {self.start}) - {self.end})

    def pieces(self) -> list[str]:
        """What each token adds to a text before it, with the space that the token may begin with."""
        anchor = self._words("a", keep=False)
        before = len(self.tokenizer.decode(anchor, clean_up_tokenization_spaces=False))
        ids = [[*anchor, code] for code in range(len(self.tokenizer))]
        texts = self.tokenizer.batch_decode(ids, clean_up_tokenization_spaces=False)
        special = set(self.tokenizer.all_special_ids)
        pieces = ["" if code in special else text[before:] for code, text in enumerate(texts)]
        for slot, code in self.slots.items():
            if is_value_slot(slot):
                pieces[code] = slot
        return pieces

    def prompt(self, prompt: Prompt) -> list[int]:
        """Ids of a prompt: control tokens, then its attributes, then the token after which the text begins."""
        ids = [self.start, self.controls[control("language", prompt.language)]]
        for kind in KINDS:
            ids.append(self.controls.get(control(kind, getattr(prompt, kind)), self.controls[control(kind, "")]))
        for name, value in prompt.attributes:
            ids += [self.name, *self._words(masked(name)), self.value, *self._words(masked(value))]
        return [*ids, self.text]

    def written(self, text: str) -> list[int]:
        """Ids of a text, with the end token."""
        return [*self._words(text, keep=False), self.end]

    def example(self, prompt: Prompt, text: str) -> Example:
        return Example(self.prompt(prompt), self.written(text))

    def read(self, ids: Sequence[int]) -> str:
        """The text of ids up to the end token."""
        end = list(ids).index(self.end) if self.end in ids else len(ids)
        return str(self.tokenizer.decode(ids[:end], clean_up_tokenization_spaces=False)).strip()

    def _words(self, text: str, keep: bool = True) -> list[int]:
        if text in self._known:
            return self._known[text]
        ids = list(self.tokenizer(text, add_special_tokens=False)["input_ids"])
        if keep and len(self._known) < 100_000:
            self._known[text] = ids
        return ids
