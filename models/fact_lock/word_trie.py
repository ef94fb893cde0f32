"""Many words as one regular expression: a tree of their letters, so that a text is scanned once, longest word first."""

from __future__ import annotations

import re
from collections.abc import Iterable

Tree = dict[str, "Tree"]
END = ""


def tree_pattern(words: Iterable[str]) -> str:
    """A pattern that matches the longest of the words at each place; a space in a word also matches a hyphen or
    nothing. It matches nothing if there are no words."""
    tree: Tree = {}
    for word in words:
        node = tree
        for c in word:
            node = node.setdefault(c, {})
        node[END] = {}
    return _pattern(tree) or "(?!)"


def _pattern(tree: Tree) -> str:
    branches = [_letter(c) + _pattern(below) for c, below in sorted(tree.items(), reverse=True) if c != END]
    if not branches:
        return ""
    ends = END in tree
    if len(branches) == 1 and not ends:
        return branches[0]
    return f"(?:{'|'.join(branches)}){'?' if ends else ''}"


def _letter(c: str) -> str:
    return "[ -]?" if c == " " else re.escape(c)
