"""Figures and negations that follow from a row in English, each beside the nearest lie."""

from __future__ import annotations

import pytest

from models.fact_lock.claims import ItemFacts, Vocabulary, digits_of_its_own, unsupported
from schemas.copywriting.claims import load_claim_words
from schemas.copywriting.lexicon import load_words

ROPE = ItemFacts(
    "r1",
    {"kind": ("rope",), "length": ("30 m",), "thickness": ("12 mm",), "max load": ("80 kg",), "material": ("cotton",)},
    titles=("Corrie climbing rope",),
    price=240.0,
    old_price=300.0,
    currency="CNY",
)
FLOUR = ItemFacts(
    "f1",
    {"kind": ("flour",), "net weight": ("400 g",), "count": ("40 sachets",), "shelf life": ("24 months",),
     "ingredients": ("100% rye",), "packaging": ("tea bags",)},
    titles=("Corrie rye flour",),
    price=20.0,
    currency="CNY",
)  # fmt: skip
BAG = ItemFacts(
    "b1",
    {"kind": ("bag",), "laptop": ("up to 13 inch",), "size": ("42 x 28 x 9 cm",), "weight": ("480 g",),
     "fabric": ("100% linen",), "lining": ("none",), "wheels": ("4",)},
    titles=("Corrie bag",),
)  # fmt: skip
SOCKS = ItemFacts(
    "s1",
    {"kind": ("socks",), "sizes": ("38-43",), "weight": ("60 g per sock",), "nickel": ("nickel-free",),
     "age": ("9 months and up",), "season": ("spring to autumn",), "material": ("wool",)},
    titles=("Corrie socks",),
)  # fmt: skip
COAT = ItemFacts(
    "c1", {"kind": ("coat",), "sizes": ("S-XL",), "care": ("hand wash only",), "texture": ("non-scratchy",)}
)
BOTTLE = ItemFacts("d1", {"kind": ("bottle",), "material": ("steel",), "capacity": ("460 ml",), "power": ("manual",)})
CAN = ItemFacts("w1", {"kind": ("can",), "rose": ("brass",), "colour": ("grey",)}, titles=("Corrie can",))
CABINET = ItemFacts(
    "e1",
    {"kind": ("cabinet",), "height": ("90 cm",), "width": ("40 cm",), "depth": ("20 cm",), "weight": ("12 kg",),
     "material": ("oak veneer",), "drawers": ("3",), "max load per shelf": ("6 kg",), "gears": ("2",)},
    titles=("Corrie cabinet",),
)  # fmt: skip
TARP = ItemFacts(
    "t1",
    {"kind": ("tarpaulin", "天幕"), "water resistance": ("water-repellent", "防泼水")},
    titles=("Corrie tarpaulin",),
)
PINS = ItemFacts("p1", {"kind": ("skittles",), "count": ("6 pieces",), "weight": ("200 g",), "finish": ("unpainted",)})
BUTTER = ItemFacts(
    "u1", {"kind": ("spread",), "ingredients": ("100% honey",), "net weight": ("250 g",)}, price=40.0, currency="CNY"
)
ROWS = [
    CABINET,
    TARP,
    PINS,
    BUTTER,
    CAN,
    ROPE,
    FLOUR,
    BAG,
    SOCKS,
    COAT,
    BOTTLE,
    ItemFacts("o1", {"depth": ("9 mm",), "rose": ("yes",)}),
]
WORDS = Vocabulary.of(ROWS, load_words(), languages=load_claim_words())


def refused(text: str, facts: ItemFacts) -> bool:
    return bool(unsupported(text, facts, WORDS, "en"))


@pytest.mark.parametrize(
    ("facts", "true", "lie"),
    [
        (
            ROPE,
            "It was 300 yuan, it is 240 now: sixty for crampons.",
            "It was 300 yuan, it is 240 now: ninety for crampons.",
        ),
        (ROPE, "You keep 60 yuan.", "You keep 80 yuan."),
        (ROPE, "A saving of sixty.", "A saving of seventy."),
        (ROPE, "Sixty yuan off 300.", "Sixty yuan off 340."),
        (ROPE, "Down from 300 to 240, a cut of 60.", "Down from 300 to 240, you pay only 60 yuan."),
        (ROPE, "Eight yuan a metre.", "Nine yuan a metre."),
        (ROPE, "It costs eight a metre.", "It costs six a metre."),
        (ROPE, "Four fifths of the old price.", "Two fifths of the old price."),
        (ROPE, "A fifth off.", "A tenth off."),
        (FLOUR, "Five yuan for every hundred grams.", "Seven yuan for every hundred grams."),
        (FLOUR, "Fifty fen a sachet.", "Ninety fen a sachet."),
        (FLOUR, "Each sachet works out at fifty fen.", "Each sachet works out at twenty fen."),
    ],
)
def test_sums_that_follow_from_prices_and_measures(facts: ItemFacts, true: str, lie: str) -> None:
    assert not refused(true, facts)
    assert refused(lie, facts)


@pytest.mark.parametrize(
    ("facts", "true", "lie"),
    [
        (BAG, "Just under half a kilo.", "Just under a quarter of a kilo."),
        (BAG, "Over a quarter of a metre wide.", "Over half a metre wide."),
        (BAG, "Just under half a metre by just under thirty centimetres.", "Just under 90 cm by just under 60."),
        (BOTTLE, "Not quite half a litre.", "Not quite a quarter of a litre."),
        (FLOUR, "Keeps for two years.", "Keeps for three years."),
        (FLOUR, "Forty sachets. At two a day that is twenty days.", "Forty sachets. At two a day that is thirty days."),
        (SOCKS, "A hundred and twenty grams for the pair.", "A hundred and sixty grams for the pair."),
        (BAG, "A quartet of wheels.", "A pair of wheels."),
    ],
)
def test_bounds_and_parts_of_units(facts: ItemFacts, true: str, lie: str) -> None:
    assert not refused(true, facts)
    assert refused(lie, facts)


@pytest.mark.parametrize(
    ("facts", "true", "lie"),
    [
        (BAG, "A 12-inch laptop slips in.", "A 15-inch laptop slips in."),
        (BAG, "Your old 15-inch brick doesn't go in.", "Your 15-inch laptop isn't a problem."),
        (BAG, "It takes a 12-inch laptop.", "It has an 8-inch pocket."),
        (BAG, "It slides into a 12-centimetre gap.", "It slides into a 5-centimetre gap."),
        (ROPE, "It holds a 70 kg climber.", "It holds a 95 kg climber."),
        (SOCKS, "In size 40, and in size 43.", "In size 45, and no less."),
        (SOCKS, "Size 47s should keep looking.", "Size 47s are welcome."),
        (COAT, "Cut in size L and up to XL.", "Cut in XXL."),
        (SOCKS, "Six sizes.", "Eleven sizes."),
        (SOCKS, "Not for newborns.", "Made for newborns."),
    ],
)
def test_limits_and_ranges(facts: ItemFacts, true: str, lie: str) -> None:
    assert not refused(true, facts)
    assert refused(lie, facts)


@pytest.mark.parametrize(
    ("facts", "true", "lie"),
    [
        (SOCKS, "There is no nickel in them.", "There is no wool in them."),
        (BAG, "No polyester in the cloth.", "No linen in the cloth."),
        (BAG, "It is unlined.", "It is lined."),
        (FLOUR, "No sweeteners and no colouring.", "No sweeteners, and a third of it is wheat."),
        (BOTTLE, "Plastic? Not this one.", "Steel? Not this one."),
        (SOCKS, "It's no winter sock.", "It's no autumn sock."),
        (COAT, "Keep it out of the washing machine.", "It goes in the washing machine."),
        (COAT, "Please don't put it through the washing machine.", "It comes out of the washing machine like new."),
        (BOTTLE, "It brought its own steel.", "It brought its own lid."),
        (BOTTLE, "No deadlines tonight.", "No parabens inside."),
        (BOTTLE, "It hasn't a plug, a cable or a battery.", "It has a plug, a cable and a battery."),
    ],
)
def test_negations_that_the_row_gives(facts: ItemFacts, true: str, lie: str) -> None:
    assert not refused(true, facts)
    assert refused(lie, facts)


@pytest.mark.parametrize(
    ("facts", "true", "lie"),
    [
        (SOCKS, "There is no nickel in them, nor any fuss.", "There is nickel in them."),
        (BAG, "It has no lining, so nothing tears.", "It has a soft lining."),
        (CAN, "Take off the rose, and pour.", "A rose can."),
    ],
)
def test_what_a_row_denies_is_not_stated(facts: ItemFacts, true: str, lie: str) -> None:
    assert not refused(true, facts)
    assert refused(lie, facts)


@pytest.mark.parametrize(
    ("facts", "true", "lie"),
    [
        (CABINET, "It slides under a 95 cm worktop.", "It slides under a 45 cm desk."),
        (CABINET, "It fits into a 45 cm gap.", "It fits into a 25 cm gap."),
        (CABINET, "It is less than 45 cm wide.", "It is less than 25 cm wide."),
        (CABINET, "It is less than 25 cm deep.", "It is less than 18 cm deep."),
        (CABINET, "It comes in under the 15 kg limit for parcels.", "It comes in under the 7 kg limit for parcels."),
        (CABINET, "It has a trio of drawers.", "It has a pair of drawers."),
        (CABINET, "Pull out all three drawers.", "It has a pair of levels."),
        (CABINET, "It is veneered in oak.", "It is solid oak from top to bottom."),
        (SOCKS, "60 g per sock, 120 g a pair.", "60 g for the pair."),
        (SOCKS, "Each pair weighs 120 g.", "Each pair weighs 60 g."),
        (SOCKS, "Size 47 is out of luck today.", "Size 40 is out of luck today."),
        (BAG, "A 12-inch laptop slips in, your old 15-inch brick doesn't.", "A 15-inch laptop isn't left out."),
        (BAG, "Lining? None.", "Lining? Of course."),
        (BUTTER, "It costs 16 yuan for every hundred grams.", "The sugar in it is only 16 for every hundred grams."),
        (BUTTER, "No sweeteners, no added sugar.", "No sugar and no added sugar."),
    ],
)
def test_a_figure_is_of_the_side_the_part_or_the_sum_that_the_row_names(facts: ItemFacts, true: str, lie: str) -> None:
    assert not refused(true, facts)
    assert refused(lie, facts)


@pytest.mark.parametrize(
    ("text", "facts"),
    [
        # What two prices differ by is money, and saved only where the text says so.
        ("It was 300, it is 240 now, and 60 left.", ROPE),
        ("One coil keeps 60 climbers busy.", ROPE),
        ("The reel holds 60.", ROPE),
        ("You are left with a bill of 60 yuan.", ROPE),
        ("240 yuan today, and a further 60 off with your next rope.", ROPE),
        # A measure is multiplied only where the row gives it of one piece, a price divided only by what one buys.
        ("1.2 kilos for the set.", PINS),
        ("Set them end to end and they make 5.4 metres in all.", CABINET),
        ("The sachets weigh each 100 grams.", FLOUR),
        ("It hangs on a 5 kg frame.", CABINET),
        ("It has a 40 kg frame.", ROPE),
        # Only what does not fit is turned away.
        ("Your 15-inch laptop does not belong on a desk.", BAG),
        ("Size 47 does not belong on the bench.", SOCKS),
        ("Size 47 isn't, of course, left out.", SOCKS),
        # A thing asked for may be granted, and a denial may be turned around.
        ("Battery? No problem at all.", BOTTLE),
        ("Battery? Not too large a one.", BOTTLE),
        ("Lining? Not a thin one.", BAG),
        ("Washing machine? No trouble.", COAT),
        ("Never without its motor.", BOTTLE),
        ("It is not without nickel.", SOCKS),
        ("No shortage of nickel in these.", SOCKS),
        ("Nickel? Only a trace.", SOCKS),
        ("No need to keep it out of the washing machine.", COAT),
        ("A bag with a quite splendid lining where coins rest.", BAG),
        # What is all of one thing may have other parts, and more in it than its name says.
        ("No plastic in the bag.", FLOUR),
        ("No gluten in it.", FLOUR),
        # Idioms with the words of a claim.
        ("Two thousand opinions, nearly all of them glowing.", CABINET),
        ("Nine hours' sleep after one cup.", FLOUR),
        ("Choose the slowest of its seven speeds.", CABINET),
        ("Ask those who bought six hundred of them.", CABINET),
        ("There is a little fig in each bag.", FLOUR),
        ("Fig gives every bag its scent.", FLOUR),
        ("Half sizes too.", SOCKS),
        ("No stain takes on this wood.", PINS),
    ],
)
def test_lies_near_what_follows_are_refused(text: str, facts: ItemFacts) -> None:
    assert refused(text, facts)


@pytest.mark.parametrize("text", ["A waterproof tarpaulin.", "Not just waterproof but quiet in the wind."])
def test_what_a_row_rules_out_in_one_language_is_no_mood(text: str) -> None:
    assert unsupported(text, TARP, WORDS, "en", judged=True)
    assert not unsupported("A water-repellent tarpaulin.", TARP, WORDS, "en", judged=True)


@pytest.mark.parametrize(
    "text", ["It can seat 6.", "A flat 4 mm sole.", "Tents that house 5 hikers.", "Room 4 hikers can share."]
)
def test_a_verb_or_an_adjective_names_none_of_many(text: str) -> None:
    assert digits_of_its_own(text)


@pytest.mark.parametrize("text", ["Read on to chapter two.", "Meet me at gate 12.", "At 3 a.m. the house is quiet."])
def test_a_number_that_names_one_of_many_or_a_time_is_no_figure(text: str) -> None:
    assert not digits_of_its_own(text)
    assert digits_of_its_own("It has 12 gates.")


@pytest.mark.parametrize(
    ("text", "facts"),
    [
        ("A splash of almond in every bag.", FLOUR),
        ("With a spoonful of oat bran for company.", FLOUR),
        ("Open the box and there lies a whistle.", ROPE),
        ("Inside the pouch is a bottle of glue.", ROPE),
        ("For each rope sold, a young oak is planted.", ROPE),
        ("The rye grew without a drop of herbicide.", FLOUR),
        ("They wove only ninety of these.", ROPE),
        ("And then the loom fell silent.", ROPE),
        ("A cup at nine and you'll be asleep by ten.", FLOUR),
        ("Socks aren't part of the set.", SOCKS),
        ("Cool enough for a July night.", COAT),
        ("The buckle can't be replaced.", BAG),
        ("It is of old saddle hide.", BAG),
        ("A single speed.", BOTTLE),
    ],
)
def test_lies_that_name_what_the_row_has_not(text: str, facts: ItemFacts) -> None:
    assert refused(text, facts)
