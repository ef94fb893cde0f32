"""The sources of candidates by name, for settings and tables."""

from __future__ import annotations

# Every source that `Sources.lists` may have. Where several list an item at the same place, the row names the first of
# them here: the one that tells a person most.
SOURCE_NAMES = (
    "buy_again",
    "own",
    "covisitation",
    "item_item",
    "item_item_bm25",
    "content",
    "lstm",
    "user_user",
    "als",
    "trending",
    "popularity",
)
