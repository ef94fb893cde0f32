"""Many words as one regular expression, built from a tree of their letters, so that a text is scanned once."""

from __future__ import annotations

import re
from collections.abc import Iterable

Tree = dict[str, "Tree"]
END = ""  # the key that marks the end of a word


def tree_pattern(words: Iterable[str]) -> str:
    """A pattern that matches the longest of the words at each place; a space in a word also matches a hyphen or
    nothing. It matches nothing if there are no words."""
    tree: Tree = {}
    for word in words:
        node = tree
        for letter in word:
            node = node.setdefault(letter, {})
        node[END] = {}
    return _pattern(tree) or "(?!)"


def _pattern(tree: Tree) -> str:
    branches = [_letter(key) + _pattern(below) for key, below in sorted(tree.items(), reverse=True) if key != END]
    if not branches:
        return ""
    is_word = END in tree
    if len(branches) == 1 and not is_word:
        return branches[0]
    return f"(?:{'|'.join(branches)}){'?' if is_word else ''}"


def _letter(letter: str) -> str:
    return "[ -]?" if letter == " " else re.escape(letter)
