"""How the benches score copy, and the two simple writers with which they compare it.

BLEU-4 and ROUGE are computed as in ChatGLM's p-tuning code for AdvertiseGen: nltk's `sentence_bleu` over characters
(words of English), smoothing method3, and `rouge_chinese`'s F over jieba's words; each text's times 100, averaged over
texts. There, references are cut to 64 tokens; here, without that tokenizer, to 64 of jieba's words.
coverage: share of an item's attribute values that its text names, averaged over texts.
unsupported: of all values (of any training item) that texts name, the share that the text's item lacks.
distinct4: of all runs of 4 characters (words of English) in all texts, the share that is distinct.
verbatim8: share of a text's runs of 8 characters (words of English), without punctuation, that are also in a training
text, averaged over texts. longest_run: characters (words) of the longest passage that is also in one, of all texts.
passes_gate: share of texts that the fact lock and the compliance rules let through, with a row's attributes as facts.
network_share: share of the texts that the network wrote.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

import jieba
from nltk.translate.bleu_score import SmoothingFunction, sentence_bleu
from rouge_chinese import Rouge

from models.copywriting.prompts import Prompt, Values, units_of

CUT = 64
LIKENESS = ("bleu4", "rouge1", "rouge2", "rougeL")
COLUMNS = (
    *LIKENESS,
    "coverage",
    "distinct4",
    "unsupported",
    "verbatim8",
    "longest_run",
    "passes_gate",
    "network_share",
)
Figures = dict[str, float]
jieba.setLogLevel(logging.WARNING)


def words_of(text: str, language: str) -> list[str]:
    return [word for word in jieba.cut(text) if word.strip()] if language == "zh" else units_of(text, language)


def cut(text: str, language: str) -> str:
    """The first 64 words of a reference."""
    return ("" if language == "zh" else " ").join(words_of(text, language)[:CUT])


def likeness(texts: Sequence[str], references: Sequence[str], language: str) -> Figures:
    """BLEU-4 and ROUGE-1, -2, -L, 0..100. An empty text counts as 0."""
    rouge, smooth = Rouge(), SmoothingFunction().method3
    total = dict.fromkeys(LIKENESS, 0.0)
    for text, reference in zip(texts, references, strict=True):
        if not text.strip():
            continue
        # nltk takes the reference first, rouge_chinese the text
        units = [list(words) if language == "zh" else units_of(words, language) for words in (reference, text)]
        total["bleu4"] += sentence_bleu([units[0]], units[1], smoothing_function=smooth)
        scores = rouge.get_scores(" ".join(words_of(text, language)), " ".join(words_of(reference, language)))[0]
        for name, key in (("rouge1", "rouge-1"), ("rouge2", "rouge-2"), ("rougeL", "rouge-l")):
            total[name] += scores[key]["f"]
    return {name: 100 * value / len(texts) for name, value in total.items()}


def honesty(texts: Sequence[str], prompts: Sequence[Prompt], values: Values) -> Figures:
    """Coverage, distinct-4 and the share of unsupported claims, 0..1."""
    covered = named = foreign = 0.0
    runs: list[tuple[str, ...]] = []
    for text, prompt in zip(texts, prompts, strict=True):
        low = text.lower()
        covered += sum(value.lower() in low for _, value in prompt.attributes) / len(prompt.attributes)
        named += len(values.said(text))
        foreign += len(values.foreign(text, prompt.values))
        units = list(text) if prompt.language == "zh" else units_of(text, prompt.language)
        runs += [tuple(units[start : start + 4]) for start in range(len(units) - 3)]
    return {"coverage": covered / len(texts), "distinct4": len(set(runs)) / max(len(runs), 1),
            "unsupported": foreign / max(named, 1)}  # fmt: skip


def likeness_cut(texts: Sequence[str], references: Sequence[str], language: str) -> Figures:
    """Likeness to references of at most 64 words."""
    return likeness(texts, [cut(reference, language) for reference in references], language)


def template(prompt: Prompt) -> str:
    """Names every attribute once, in a fixed sentence."""
    first, *others = prompt.attributes
    if prompt.language == "zh":
        return f"这款{first[1]}" + "".join(f"，{value}的{name}设计" for name, value in others) + "。"
    parts = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in others)
    return f"{first[1]} with {parts}." if parts else f"{first[1]}."


def nearest(prompts: Sequence[Prompt], texts: Sequence[str]) -> Callable[[Prompt], str]:
    """A writer that returns the text of the first training item with the most similar attributes (Jaccard)."""
    attributes = [set(prompt.attributes) for prompt in prompts]

    def writer(prompt: Prompt) -> str:
        attributes_of_prompt = set(prompt.attributes)
        shares = [len(attributes_of_prompt & other) / len(attributes_of_prompt | other) for other in attributes]
        return texts[max(range(len(shares)), key=shares.__getitem__)]

    return writer


def show(title: str, rows: dict[str, Figures], anchors: dict[str, Figures]) -> None:
    """Print a line for each writer, then the anchors and goals in parentheses; a dash means that there is no figure."""
    width = max(map(len, COLUMNS)) + 1
    print(f"\n{title}\n{'':36}" + "".join(f"{name:>{width}}" for name in COLUMNS))
    for name, row in (rows | {f"({name})": row for name, row in anchors.items()}).items():
        print(f"{name:36}" + "".join(f"{_cell(column, row):>{width}}" for column in COLUMNS))


def _cell(column: str, row: Figures) -> str:
    if column not in row:
        return "-"
    return f"{row[column]:.0f}" if column == "longest_run" else f"{row[column]:.{2 if column in LIKENESS else 3}f}"


def missed(row: Figures, at_least: Figures, at_most: Figures) -> list[str]:
    """The goals that a row misses, each with the figure seen."""
    low = [f"{name} {row[name]:.3f}, at least {goal}" for name, goal in at_least.items() if row[name] < goal]
    high = [f"{name} {row[name]:.3f}, at most {goal}" for name, goal in at_most.items() if row[name] > goal]
    return low + high


def rounded(rows: dict[str, Figures]) -> dict[str, Figures]:
    """The rows as in the last line of a bench: no space in a writer's name, four digits."""
    return {name.replace(", references", "").replace(" ", "_"): {key: round(value, 4) for key, value in row.items()}
            for name, row in rows.items()}  # fmt: skip
