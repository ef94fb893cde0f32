"""Groups alike questions, and gives a group the number that it had the night before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import scipy.sparse as sp
from scipy.sparse.csgraph import connected_components

_BLOCK = 2_000


class Group(NamedTuple):
    """Questions that are alike: their number, which they are, and their commonest n-grams."""

    number: int
    members: list[int]
    words: list[str]


def groups_of(
    grams: Sequence[Sequence[str]], alike: float, before: Mapping[int, Sequence[str]], least: int = 1
) -> list[Group]:
    """Groups of `least` questions or more, the largest first. grams (N,): the n-grams of each question; before: number
    -> words.

    Two questions whose n-grams have a cosine of `alike` or more are in one group; one without n-grams is like no other.
    A group keeps the number of the earlier group with which it shares most words, at least a third of them; others get
    numbers above all earlier ones.
    """
    alone: dict[tuple[str, ...], list[int]] = {}  # questions of the same n-grams are one point
    for place, some in enumerate(grams):
        if some:
            alone.setdefault(tuple(sorted(set(some))), []).append(place)
    members = [[place] for place, some in enumerate(grams) if not some] + (_linked(alone, alike) if alone else [])
    members = [sorted(some) for some in members if len(some) >= least]
    members.sort(key=lambda some: (-len(some), some))
    return _numbered([(some, _words([grams[n] for n in some])) for some in members], before)


def _linked(alone: Mapping[tuple[str, ...], list[int]], alike: float) -> list[list[int]]:
    """The places of the questions of each group."""
    matrix = _unit(list(alone))
    rows, columns = [], []
    for first in range(0, matrix.shape[0], _BLOCK):
        near = (matrix[first : first + _BLOCK] @ matrix.T).tocoo()
        enough = near.data >= alike
        rows.append(near.row[enough] + first)
        columns.append(near.col[enough])
    row, column = np.concatenate(rows), np.concatenate(columns)
    links = sp.coo_matrix((np.ones(len(row), bool), (row, column)), shape=matrix.shape[:1] * 2)
    count, labels = connected_components(links, directed=False)
    members: list[list[int]] = [[] for _ in range(count)]
    for label, places in zip(labels.tolist(), alone.values(), strict=True):
        members[label] += places
    return members


def _unit(grams: Sequence[Sequence[str]]) -> sp.csr_matrix:
    codes: dict[str, int] = {}
    rows, columns = [], []
    for place, some in enumerate(grams):
        for gram in sorted(set(some)):
            rows.append(place)
            columns.append(codes.setdefault(gram, len(codes)))
    seen = np.bincount(columns, minlength=len(codes)) if columns else np.ones(1)
    weights = np.log((1 + len(grams)) / (1 + seen)) + 1
    data = weights[columns] if columns else np.zeros(0)
    matrix = sp.csr_matrix((data, (rows, columns)), shape=(len(grams), max(1, len(codes))))
    length = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1)).ravel())
    return (sp.diags(1 / np.maximum(length, 1e-9)) @ matrix).tocsr()


def _words(grams: Sequence[Sequence[str]]) -> list[str]:
    """The n-grams that most of the group have, at most twelve."""
    counted = Counter(gram for some in grams for gram in set(some))
    return [gram for gram, _ in sorted(counted.items(), key=lambda one: (-one[1], -len(one[0]), one[0]))[:12]]


def _numbered(found: list[tuple[list[int], list[str]]], before: Mapping[int, Sequence[str]]) -> list[Group]:
    having: dict[str, list[int]] = {}
    for number, last in before.items():
        for word in set(last):
            having.setdefault(word, []).append(number)
    shared = []
    for place, (_, words) in enumerate(found):
        for number, common in Counter(n for word in set(words) for n in having.get(word, ())).items():
            either = len(set(words) | set(before[number]))
            if common * 3 >= either:
                shared.append((-common / either, place, number))
    number_of: dict[int, int] = {}
    taken: set[int] = set()
    for _, place, number in sorted(shared):
        if place not in number_of and number not in taken:
            number_of[place] = number
            taken.add(number)
    new = max(before, default=0)
    made = []
    for place, (members, words) in enumerate(found):
        if place not in number_of:
            new += 1
            number_of[place] = new
        made.append(Group(number_of[place], members, words))
    return made
