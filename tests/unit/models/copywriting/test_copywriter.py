"""A tiny copywriter: what it may write, that a seed gives the same texts, stopped training, and broken files."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from models.copywriting.clause_search import LONGER
from models.copywriting.composer_config import FORMER_NAMES
from models.copywriting.copywriter import Copywriter, CopywriterConfig
from models.copywriting.guide_config import GuideConfig
from models.copywriting.originality import LearnedRuns
from models.copywriting.prompts import COMPOSER, NETWORK, Candidate, Prompt, masked, may_say
from models.copywriting.tokenizer import train_tokenizer

# The pairs below are so alike that nearly every text about them is a copy, so copies are allowed here.
COPIES = GuideConfig(
    most_copied=1.0, most_copied_en=1.0, longest_copy_zh=99, longest_copy_en=99, beam=3, tokens=300, network=0.2
)
TINY = CopywriterConfig(vocabulary=600, dim=16, layers=1, heads=2, pair_tokens=3000, most_passes=1, batch_tokens=256,
                        plain_characters=400, longest=80, rows=8, guide=COPIES, threads=1, device="cpu")  # fmt: skip
COLOURS, SHAPES, LOOKS = ("红色", "黑色", "白色", "蓝色"), ("宽松", "修身"), ("复古", "简约", "甜美")


def garment(n: int) -> tuple[Prompt, str]:
    colour, shape, look = COLOURS[n % 4], SHAPES[n % 2], LOOKS[n % 3]
    text = (
        f"这款{colour}的连衣裙很显气质，{shape}的版型穿着舒适，{look}的风格十分百搭。原价￥{n}99，现在{n % 9 + 1}折。"
    )
    return Prompt("zh", style="young", attributes=(("颜色", colour), ("版型", shape), ("风格", look))), text


def jumper(number: int) -> tuple[Prompt, str]:
    colour, fibre = ("red", "navy")[number % 2], ("wool", "cotton", "linen")[number % 3]
    text = f"A {colour} jumper for cold mornings. Made of {fibre} that feels soft. Sizes 36 to 44."
    return Prompt("en", channel="blurb", attributes=(("colour", colour), ("fibre", fibre))), text


PAIRS = [garment(at) for at in range(24)] + [jumper(at) for at in range(12)]
PROMPTS = [PAIRS[0][0], PAIRS[7][0], PAIRS[30][0]]
A_SENTENCE = replace(PROMPTS[0], length=32)  # the sentence before the prices, of which no slot may be written


@pytest.fixture(scope="module")
def writer() -> Copywriter:
    return Copywriter.fit(TINY, ["质量很好，下次还来", "买了2件"] * 10, PAIRS)


def test_a_text_comes_back_from_its_tokens(writer: Copywriter) -> None:
    for prompt, text in (PAIRS[1], PAIRS[25]):
        assert writer.coder.read(writer.coder.written(masked(text))) == masked(text), prompt


def test_a_text_has_no_digit_no_loose_slot_and_no_value_of_another_item(writer: Copywriter) -> None:
    for prompt, drafts in zip(PROMPTS, writer.write(PROMPTS, 3, 1), strict=True):
        assert 1 <= len(drafts) <= 3
        assert len({draft.text for draft in drafts}) == len(drafts)
        assert all(may_say(draft.text, prompt) and draft.logprob <= 0 for draft in drafts)
        assert not writer.guides[prompt.language].composer.index.values.foreign(drafts[0].text, prompt.values)
        assert any(value in drafts[0].text for value in prompt.values)


def test_the_same_seed_gives_the_same_and_another_another(writer: Copywriter) -> None:
    once = writer.write(PROMPTS, 3, 1)
    assert writer.write(PROMPTS, 3, 1) == once
    assert writer.sample(PROMPTS, 3, 1) != writer.sample(PROMPTS, 3, 2)


def test_nothing_to_say_gives_no_candidate_and_an_unknown_control_word_no_error(writer: Copywriter) -> None:
    prompts = [Prompt("zh"), replace(PROMPTS[0], strategy="never seen", style="nor this")]
    nothing, something = writer.write(prompts, 2, 1)
    assert nothing == []
    assert something


def test_progress_is_reported_up_to_the_last_prompt(writer: Copywriter) -> None:
    steps: list[tuple[int, int]] = []
    writer.write(PROMPTS * 4, 4, 1, lambda done, tokens: steps.append((done, tokens)))
    assert [done for done, _ in steps] == sorted(done for done, _ in steps)
    assert steps[-1][0] == 12


def test_a_saved_copywriter_loads_and_writes_the_same(writer: Copywriter, tmp_path: Path) -> None:
    writer.save(tmp_path)
    loaded = Copywriter.load(tmp_path, TINY)
    written, written_by_loaded = (copywriter.write(PROMPTS, 2, 5) for copywriter in (writer, loaded))
    assert [[c.text for c in drafts] for drafts in written] == [
        [c.text for c in drafts] for drafts in written_by_loaded
    ]
    assert not [path for path in tmp_path.rglob("*") if path.suffix in (".bin", ".pt", ".pkl")]


@pytest.mark.parametrize(
    ("file", "content", "said"),
    [
        ("tokenizer/tokenizer.json", "{", "tokenizer cannot be read"),
        ("network/config.json", "{", "cannot be read as a model"),
        ("pairs.jsonl", "{}\n", "pairs.jsonl, line 1"),
        ("pairs.jsonl", "", "its manifest says"),
    ],
)
def test_a_broken_folder_is_refused_with_a_word(
    writer: Copywriter, tmp_path: Path, file: str, content: str, said: str
) -> None:
    writer.save(tmp_path)
    (tmp_path / file).write_text(content)
    with pytest.raises(ValueError, match=said):
        Copywriter.load(tmp_path)


def test_a_folder_of_another_config_is_refused(writer: Copywriter, tmp_path: Path) -> None:
    writer.save(tmp_path)
    with pytest.raises(ValueError, match="dim 16"):
        Copywriter.load(tmp_path, replace(TINY, dim=32))


def a_tokenizer() -> Any:
    return train_tokenizer([masked(text) for _, text in PAIRS], [prompt for prompt, _ in PAIRS], 500)


def test_a_prompt_that_asks_for_a_length_gets_short_texts(writer: Copywriter) -> None:
    usual, short = writer.write([PROMPTS[0], replace(PROMPTS[0], length=8)], 2, 3)
    assert len(short[0].text) < len(usual[0].text)
    assert all(len(draft.text) <= 8 + LONGER for draft in short)


def test_the_networks_texts_come_before_the_composers(writer: Copywriter) -> None:
    writers = [draft.writer for draft in writer.write([A_SENTENCE], 3, 1)[0]]
    assert writers[0] == NETWORK
    assert writers[-1] == COMPOSER
    assert writers == sorted(writers, key=[NETWORK, COMPOSER].index)


def test_no_text_copies_more_than_the_settings_allow(writer: Copywriter) -> None:
    strict = replace(TINY, guide=replace(COPIES, most_copied=0.2, longest_copy_zh=12))
    limited = Copywriter(strict, writer.net, writer.coder, writer.pairs)
    learned = LearnedRuns([text for prompt, text in writer.pairs if prompt.language == "zh"], "zh")
    free, few = (
        [learned.copied(draft.text) for draft in copywriter.write(PROMPTS[:1], 3, 1)[0]]
        for copywriter in (writer, limited)
    )
    assert max(copied.share for copied in free) > 0.2
    assert all(copied.share <= 0.2 and copied.longest <= 12 for copied in few)


def test_a_banned_word_is_not_said(writer: Copywriter) -> None:
    prompt = replace(A_SENTENCE, banned=frozenset({"气质", "舒适"}))
    drafts = writer.write([prompt], 3, 1)[0]
    assert drafts
    assert not any(word in draft.text for draft in drafts for word in prompt.banned)
    assert any("气质" in draft.text or "舒适" in draft.text for draft in writer.write([A_SENTENCE], 3, 1)[0])


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: Copywriter.fit(TINY, ["text"], []), "no pairs"),
        (lambda: replace(TINY, dim=17), "dim must be"),
        (lambda: replace(TINY, top_k=0), "top_k must be"),
        (lambda: Prompt("fr"), "language must be"),
    ],
)
def test_what_cannot_be_is_refused_by_name(call: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        call()


def test_the_manifest_says_what_it_is(writer: Copywriter, tmp_path: Path) -> None:
    writer.save(tmp_path)
    assert json.loads((tmp_path / "manifest.json").read_text())["model"] == "copywriter"
    assert isinstance(writer.write(PROMPTS[:1], 1, 1)[0][0], Candidate)


def test_a_model_saved_under_the_composers_former_names_is_read(writer: Copywriter, tmp_path: Path) -> None:
    writer.save(tmp_path)
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    former = {name: former for former, name in FORMER_NAMES.items()}
    composer = manifest["config"]["composer"]
    manifest["config"]["composer"] = {former.get(name, name): value for name, value in composer.items()}
    assert "echo" in manifest["config"]["composer"]
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    assert Copywriter.load(tmp_path, TINY).config == TINY


def test_with_slots_for_values_a_text_has_its_items_own(tmp_path: Path) -> None:
    writer = Copywriter.fit(replace(TINY, value_slots=True), [], PAIRS[24:])
    prompts = [jumper(0)[0], replace(jumper(0)[0], attributes=(("colour", "orange"), ("fibre", "alpaca")))]
    learned, never_learned = writer.write(prompts, 3, 1)
    assert all("red" in draft.text or "wool" in draft.text for draft in learned)
    assert not any(word in draft.text for draft in learned for word in ("navy", "cotton", "linen", "<"))
    assert any("orange" in draft.text or "alpaca" in draft.text for draft in never_learned)
    writer.save(tmp_path)
    assert Copywriter.load(tmp_path).write(prompts, 3, 1) == [learned, never_learned]


def test_the_value_of_a_slot_counts_as_copied() -> None:
    writer = Copywriter.fit(replace(TINY, value_slots=True), [], PAIRS[24:])
    guide = writer.guides["en"]
    assert guide.runs.copied("A red jumper for cold mornings. Made of wool that feels soft.").share == 1
    codes = guide._filled([{"<its_colour>": "red"}])
    assert codes[0, writer.coder.slots["<its_colour>"]].tolist() == [guide.units.run_code("red")]
