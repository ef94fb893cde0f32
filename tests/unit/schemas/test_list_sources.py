"""The sources of the lists: one table of names and words, with which models and the published table agree."""

import pytest

from models.ranking.source_names import SOURCE_NAMES
from schemas.list_sources import FALLBACK_SOURCES, LIST_SOURCES, reason
from schemas.tables import RECOMMENDATIONS


def test_every_source_of_the_models_has_words():
    assert set(LIST_SOURCES) == {*SOURCE_NAMES, "new_item", *FALLBACK_SOURCES}
    assert all(source.words.strip() for source in LIST_SOURCES.values())


def test_the_published_table_takes_these_names_and_no_others():
    assert RECOMMENDATIONS.column("source").one_of == tuple(LIST_SOURCES)


def test_a_source_without_words_is_refused():
    with pytest.raises(ValueError, match="source 'crystal_ball' has no words to tell a shopper; add it to"):
        reason("crystal_ball", "TEA SET", "Germany", " from ACME")


@pytest.mark.parametrize(
    ("source", "title", "words"),
    [
        ("als", "TEA SET", "because you chose TEA SET"),
        ("als", None, "for you"),
        ("own", None, "you looked at it lately"),
        ("new_item", "TEA SET", "new from ACME"),
        ("segment_popular", "TEA SET", "popular in Germany"),
        ("trending", "TEA SET", "trending now"),
    ],
)
def test_a_reason_ends_with_what_its_source_needs(source, title, words):
    assert reason(source, title, "Germany", " from ACME") == words
