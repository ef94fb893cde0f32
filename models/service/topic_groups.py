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
    """Questions that are alike: the group's number, its questions, and their commonest n-grams."""

    number: int
    members: list[int]
    words: list[str]


def groups_of(
    grams: Sequence[Sequence[str]], alike: float, before: Mapping[int, Sequence[str]], least: int = 1
) -> list[Group]:
    """Groups of `least` questions or more, the largest first. grams (N,): the n-grams of each question; before: number
    -> words.

    Two questions whose n-grams have a cosine of `alike` or more are in one group; a question without n-grams is like no
    other. A group keeps the number of the earlier group with which it shares most words, at least a third of them;
    others get numbers above all earlier ones.
    """
    points: dict[tuple[str, ...], list[int]] = {}  # questions of the same n-grams are one point
    for place, question_grams in enumerate(grams):
        if question_grams:
            points.setdefault(tuple(sorted(set(question_grams))), []).append(place)
    members = [[place] for place, question_grams in enumerate(grams) if not question_grams] + (
        _linked(points, alike) if points else []
    )
    members = [sorted(group) for group in members if len(group) >= least]
    members.sort(key=lambda group: (-len(group), group))
    return _numbered([(group, _words([grams[n] for n in group])) for group in members], before)


def _linked(points: Mapping[tuple[str, ...], list[int]], alike: float) -> list[list[int]]:
    """The places of the questions of each group."""
    matrix = _unit(list(points))
    rows, columns = [], []
    for first in range(0, matrix.shape[0], _BLOCK):
        cosines = (matrix[first : first + _BLOCK] @ matrix.T).tocoo()
        is_alike = cosines.data >= alike
        rows.append(cosines.row[is_alike] + first)
        columns.append(cosines.col[is_alike])
    row, column = np.concatenate(rows), np.concatenate(columns)
    links = sp.coo_matrix((np.ones(len(row), bool), (row, column)), shape=matrix.shape[:1] * 2)
    count, labels = connected_components(links, directed=False)
    members: list[list[int]] = [[] for _ in range(count)]
    for label, places in zip(labels.tolist(), points.values(), strict=True):
        members[label] += places
    return members


def _unit(grams: Sequence[Sequence[str]]) -> sp.csr_matrix:
    codes: dict[str, int] = {}
    rows, columns = [], []
    for place, question_grams in enumerate(grams):
        for gram in sorted(set(question_grams)):
            rows.append(place)
            columns.append(codes.setdefault(gram, len(codes)))
    question_counts = np.bincount(columns, minlength=len(codes)) if columns else np.ones(1)
    weights = np.log((1 + len(grams)) / (1 + question_counts)) + 1
    data = weights[columns] if columns else np.zeros(0)
    matrix = sp.csr_matrix((data, (rows, columns)), shape=(len(grams), max(1, len(codes))))
    length = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1)).ravel())
    return (sp.diags(1 / np.maximum(length, 1e-9)) @ matrix).tocsr()


def _words(grams: Sequence[Sequence[str]]) -> list[str]:
    """The n-grams that most of the group have, at most twelve."""
    counts = Counter(gram for question_grams in grams for gram in set(question_grams))
    return [gram for gram, _ in sorted(counts.items(), key=lambda entry: (-entry[1], -len(entry[0]), entry[0]))[:12]]


def _numbered(groups: list[tuple[list[int], list[str]]], before: Mapping[int, Sequence[str]]) -> list[Group]:
    numbers_with: dict[str, list[int]] = {}
    for number, earlier_words in before.items():
        for word in set(earlier_words):
            numbers_with.setdefault(word, []).append(number)
    shared = []
    for place, (_, words) in enumerate(groups):
        for number, common in Counter(n for word in set(words) for n in numbers_with.get(word, ())).items():
            either = len(set(words) | set(before[number]))
            if common * 3 >= either:
                shared.append((-common / either, place, number))
    number_of: dict[int, int] = {}
    used: set[int] = set()
    for _, place, number in sorted(shared):
        if place not in number_of and number not in used:
            number_of[place] = number
            used.add(number)
    new = max(before, default=0)
    numbered = []
    for place, (members, words) in enumerate(groups):
        if place not in number_of:
            new += 1
            number_of[place] = new
        numbered.append(Group(number_of[place], members, words))
    return numbered
