"""Category paths cut at each depth."""

from jobs.customers.buyer_log import category_levels
from models.customers.category_features import level_of

PATHS = ["Home > Lamps", "Home > Rugs > Round", "Home > Rugs > Square", "Garden", None, ""]


def named(level):
    codes, names = category_levels(PATHS)[level]
    return [names[code] if code >= 0 else None for code in codes]


def test_a_path_is_cut_and_a_short_one_stays_whole():
    assert named("level 1") == ["Home", "Home", "Home", "Garden", None, None]
    assert named("level 2") == ["Home > Lamps", "Home > Rugs", "Home > Rugs", "Garden", None, None]
    assert named("level 3") == [*PATHS[:4], None, None]


def test_the_question_uses_the_finest_level_within_the_limit():
    levels = {name: codes for name, (codes, _) in category_levels(PATHS).items()}
    assert level_of(levels, 100) == "level 3"
    assert level_of(levels, 3) == "level 2"
    assert level_of(levels, 2) == "level 1"


def test_a_catalogue_without_categories_has_no_levels():
    assert category_levels([None, ""]) == {}
    assert category_levels([]) == {}
