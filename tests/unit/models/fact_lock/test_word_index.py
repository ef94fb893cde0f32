"""Many words are found in a row as one by one."""

from models.fact_lock.facts import ItemFacts
from models.fact_lock.word_index import WordIndex

WORDS = ("down", "duck down", "own", "三条", "十三条", "红", "a", "zip", "24 h", "two sleeves", "棉", "鸭绒")
ROWS = [
    {"filling": ("duck down", "鸭绒")},
    {"pack": ("13条", "3条装"), "colour": ("红",)},
    {"closure": ("a zip", "zipped")},
    {"sleeve": ("two sleeves",), "fabric": ("棉",), "battery": ("24 h",)},
    {"sleeve": ("2 sleeves",)},
    {},
]


def test_the_index_finds_in_a_row_what_the_row_says():
    index = WordIndex(WORDS)
    rows = [ItemFacts(f"g{number}", attributes) for number, attributes in enumerate(ROWS)]
    found = [{word for word in WORDS if row.says(word)} for row in rows]
    assert [row.words_of(index) for row in rows] == found
    assert found == [{"down", "duck down", "鸭绒"}, {"三条", "十三条", "红"}, {"a", "zip"}, *found[3:]]
    assert found[3] == {"two sleeves", "棉", "24 h"}
    assert found[4] == {"two sleeves"}
