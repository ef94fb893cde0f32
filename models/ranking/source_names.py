"""The sources of candidates by name, for settings and tables."""

from __future__ import annotations

# Every source that `Sources.lists` may have. Where several sources list an item at the same place, the row names the
# one that comes first here, which tells a person most.
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
