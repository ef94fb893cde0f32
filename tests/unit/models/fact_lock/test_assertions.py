"""Sentences need support: a sentence that asserts something of the item needs its row, the terms or the tables."""

from __future__ import annotations

from dataclasses import replace

import pytest

from models.fact_lock.claims import ItemFacts, Vocabulary, unsupported
from models.fact_lock.pattern_index import PatternIndex, beginnings
from models.fact_lock.plain_letters import gaps_closed
from schemas.copywriting.claims import load_claim_words
from schemas.copywriting.lexicon import load_words

CLOGS = ItemFacts(
    "g1",
    {
        "kind": ("clogs", "木屐"),
        "colour": ("navy", "藏青色"),
        "upper": ("suede", "麂皮"),
        "heel": ("flat", "平底"),
        "origin": ("Fujian", "福建"),
        "weight": ("500 g", "500克"),
        "link": ("Bluetooth", "蓝牙"),
        "battery": ("24-hour", "24小时"),
    },
    titles=("Wren navy suede clogs", "雷恩 藏青色麂皮木屐"),
    brands=("Wren", "雷恩"),
    member_terms=("Returns are free for 30 days",),
)
WORDS = Vocabulary.of([CLOGS], load_words(), languages=load_claim_words())


def kinds(text: str, facts: ItemFacts = CLOGS) -> set[str]:
    return {claim.kind for claim in unsupported(text, facts, WORDS, "")}


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("The clogs won a medal in Vienna.", "award"),
        ("Clogs made in Portugal.", "origin"),
        ("An opera singer wears these clogs.", "celebrity"),
        ("These clogs ease back pain.", "health"),
        ("Thousands of nurses buy the clogs.", "sales"),
        ("Only a few of the clogs are left.", "scarcity"),
        ("We repair the clogs for life.", "warranty"),
        ("Order today, wear the clogs tomorrow.", "delivery"),
        ("The clogs last longer than other clogs.", "comparison"),
        ("木屐拿过设计大奖。", "award"),
        ("木屐产自葡萄牙。", "origin"),
        ("女明星也穿这双木屐。", "celebrity"),
        ("木屐能缓解腰酸。", "health"),
        ("上万人都在穿这双木屐。", "sales"),
        ("木屐终身保修。", "warranty"),
        ("木屐今天下单，明天就到。", "delivery"),
        ("木屐比普通拖鞋更耐走。", "comparison"),
    ],
)
def test_an_assertion_without_a_source_is_refused(text: str, kind: str) -> None:
    assert kind in kinds(text)


@pytest.mark.parametrize(
    "text",
    [
        "Leather clogs, suede to be exact.",  # entailed
        "Clogs from Fujian, China.",
        "The clogs have no heel.",  # ruled out by flat
        "Half a kilo of clogs.",  # 500 g
        "Headphones in clogs that play a day and a night.",
        "Wear the clogs with white socks.",  # white is said of the socks
        "No hurry, no plans: clogs.",
        "木屐是皮的，麂皮。",
        "来自福建的木屐，中国的。",
        "木屐没有跟。",
        "一斤重的木屐。",
        "木屐配白色袜子。",
        "藏青色木屐，周六穿。",
    ],
)
def test_entailed_claims_and_texts_without_a_claim_pass(text: str) -> None:
    assert kinds(text) == set()


def test_the_shops_own_terms_support_what_they_say() -> None:
    assert kinds("Returns are free for 30 days.") == set()
    assert kinds("Returns are free for 30 days.", replace(CLOGS, member_terms=())) != set()


@pytest.mark.parametrize(
    "text",
    [
        "Clogs in r e d.",
        "Clogs in ca$hmere.",
        "【黑】【色】木屐。",
        "這雙紅色木屐。",
        "🐑木屐。",
        "Clogs spun by silkworms.",
    ],
)
def test_a_claim_in_disguise_is_read(text: str) -> None:
    assert kinds(text)


def test_no_claim_hides_in_letters_that_stand_together() -> None:
    assert gaps_closed("a plain sentence") is None


def test_an_index_finds_what_a_union_of_its_patterns_finds() -> None:
    index = PatternIndex([("a", "won(?: an?)? (?:medal|prize)s?"), ("b", "[a-c]\\d")], whole_words=True)
    assert [(hit.tag, hit.start, hit.end) for hit in index.hits("it won a prize, b2 and wonder")] == [
        ("a", 3, 14),
        ("b", 16, 18),
    ]
    assert beginnings("(?:ab|c)d?", 3) == {"ab", "abd", "c", "cd"}


POT = ItemFacts(
    "g2",
    {
        "kind": ("花盆",),
        "finish": ("无釉",),
        "pages": ("160页",),
        "burn time": ("45小时",),
        "volume": ("100毫升",),
        "pack": ("20包",),
        "pockets": ("两个侧口袋",),
    },
    titles=("雷恩 花盆",),
)
POTS = Vocabulary.of([POT], load_words(), languages=load_claim_words())


@pytest.mark.parametrize(
    "text",
    [
        "花盆没上釉。",
        "花盆没有釉。",
        "八十张纸。",
        "差不多两天两夜。",
        "一升的十分之一。",
        "一罐二十包。",
        "花盆带两个侧口袋。",
        "花盆配一件浅灰连体衣。",
        "白色短袖配花盆。",
    ],
)
def test_a_fact_in_other_figures_or_words_stands(text: str) -> None:
    assert unsupported(text, POT, POTS, "zh") == []


@pytest.mark.parametrize(
    "text",
    ["九十张纸。", "差不多三天三夜。", "一升的三分之一。", "一罐三十包。", "花盆一个口袋都没留。"],
)
def test_another_figure_or_a_lack_of_what_the_row_has_is_refused(text: str) -> None:
    assert unsupported(text, POT, POTS, "zh")


@pytest.mark.parametrize(
    "text",
    [
        "Not a trophy, not a crown, just a pair of clogs.",
        "No ten-step plan, no mirrors. Just clogs.",
        "No slogan, no clips: the clogs are navy suede.",
        "A bag of cherries, good to the last one, beside the clogs.",
        "Six chords and a song, and the clogs keep time.",
        "The whole street is asleep, only the clogs are not.",
        "Bring the clogs along, whatever the sky does.",
        "Every winter somebody loses a glove; the clogs stay.",
    ],
)
def test_what_a_text_sets_aside_or_only_mentions_is_not_claimed(text: str) -> None:
    assert kinds(text) == set()


@pytest.mark.parametrize(
    "text",
    [
        "No sugar, no parabens: the clogs are navy.",  # a substance stays denied
        "No suede, no leather. Just clogs.",  # the row says suede
        "Clogs in b e e c h w o o d.",
        "A courier has the clogs with you inside the hour.",
        "There isn't a trace of nickel in the clogs.",
        "Wren was already making clogs when the trams ran on steam.",
    ],
)
def test_a_denial_of_what_the_row_has_and_a_disguise_stay_claims(text: str) -> None:
    assert kinds(text)


def test_a_lipstick_is_no_name_of_a_lip_balm() -> None:
    balm = ItemFacts("g2", {"kind": ("lip balm",), "scent": ("vanilla",)}, titles=("Wren vanilla lip balm",))
    words = Vocabulary.of([balm], load_words(), languages=load_claim_words())
    assert unsupported("Lip balm first, then a berry lipstick.", balm, words, "") == []
    assert unsupported("A berry lip balm.", balm, words, "")
    assert unsupported("No secret behind this lip balm.", balm, words, "") == []


def test_a_doubtful_meaning_of_a_word_does_not_hide_another_meaning() -> None:
    candle = ItemFacts("g3", {"kind": ("candle",), "scent": ("fig",)}, titles=("Wren fig candle",))
    words = Vocabulary.of([candle], load_words(), languages=load_claim_words())
    assert unsupported("A candle scented with lavender.", candle, words, "")
    assert unsupported("A candle scented with l-a-v-e-n-d-e-r.", candle, words, "")
    assert unsupported("A fig candle.", candle, words, "") == []
