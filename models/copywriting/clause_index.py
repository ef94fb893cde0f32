"""The clauses of a shop's texts and what was learned about each: its length, usual place, n-grams and values.

A clause is used only if it can stand in another text. It must have no placeholder of a crawl, no slot, no unknown Latin
word in Chinese, no unclosed bracket, and no reference to another clause.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from models.copywriting.clause_joints import Joints
from models.copywriting.clause_sense import contraries, leans, stands
from models.copywriting.composer_config import ComposerConfig
from models.copywriting.ngrams import Grams
from models.copywriting.prompts import PLACEHOLDER, SLOT, Prompt, Values, clauses_of, units_of

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
Bools = NDArray[np.bool_]
SHORTEST = {"zh": 4, "en": 3}  # units of a clause
KIND = 0.25  # a value that more than this share of the items has says what kind of item it is
LATIN = re.compile(r"[a-z]{2,}")
OPENING, CLOSING = "「『“（(", "」』”）)"


@dataclass(frozen=True, eq=False)
class ClauseIndex:
    """C distinct clauses of one language's texts; G n-grams."""

    clauses: tuple[str, ...]
    sizes: I64  # (C,) units
    mean_places: F64  # (C,) where a clause begins in its texts on average: 0 at the start, towards 1 at the end
    opening_shares: F64  # (C,) share of a clause's uses in which it opens the text
    followers: sparse.csr_matrix  # (C, C) 1 where some text has the second clause right after the first
    grams: Grams
    says: sparse.csr_matrix  # (C, G) 1 where a clause has an n-gram
    pair_rarity: F64  # (G,) of a pair of units: 0 where all texts have it, towards 1 where few do; 0 for other n-grams
    joints: Joints
    tails: I64  # (C,) row of `joints.table` for a clause's ending
    heads: I64  # (C,) column of `joints.table` for its beginning
    leans: Bools  # (C,) begins with what needs a clause before it
    sides: Bools  # (2, C) says something of the first or of the second side of `clause_sense.CONTRARY`
    values: Values  # all attribute values of the prompts
    value_codes: Mapping[str, int]  # value -> its code, 0 to V - 1
    value_clauses: tuple[I64, ...]  # V arrays: the clauses that name a value, ascending
    is_kind: Bools  # (V,) values that very many items have, such as skirt: repeating one is not noticed
    values_named: I64  # (C,) number of distinct values that a clause names
    values_are_claims: bool  # False if people mostly name values that the item lacks: then none is refused
    familiar: Bools  # (C,) all pairs of units beside the values are frequent; a rare pair may be another item's fact
    is_plain: Bools  # (C,) suits every item
    plain_says: sparse.csr_matrix  # (P, G) rows of `says` of the P clauses that suit every item, cut out once

    def codes_of_values(self, prompt: Prompt) -> tuple[I64, I64]:
        """Codes of the known values that the item has, and codes of the known values that are a part of these."""
        values = {value.lower() for value in prompt.values}
        parts = {v[low:high] for v in values for low in range(len(v)) for high in range(low + 1, len(v) + 1)}
        return self._codes(values), self._codes(parts - values)

    def _codes(self, values: set[str]) -> I64:
        return np.array(sorted(self.value_codes[value] for value in values if value in self.value_codes), np.int64)


def index_clauses(
    config: ComposerConfig,
    language: str,
    prompts: Sequence[Prompt],
    texts: Sequence[str],
    grams: Grams,
    text_grams: sparse.csr_matrix,
) -> ClauseIndex:
    """Index the clauses of texts (n,), each written for the prompt beside it; text_grams (n, G) are their n-grams."""
    values = Values(value for prompt in prompts for value in prompt.values)
    places, followers = _cut(texts, language, values)
    clauses = tuple(places)
    says = grams.rows(clauses)
    gram_texts = np.asarray(text_grams.sum(0)).reshape(-1)
    joints = Joints(texts, language)
    tails, heads = joints.of(clauses)
    sentences = language != "zh"  # English is cut into sentences, which lean on nothing
    value_codes = {value: code for code, value in enumerate(sorted(values.known))}
    value_clauses, values_named = _values_named(clauses, values, value_codes)
    items_with = Counter(value.lower() for prompt in prompts for value in prompt.values)
    values_are_claims = _values_are_claims(prompts, texts, values)
    rarest_pair = [grams.rarest_pair(values.pattern.split(clause.lower()), gram_texts) for clause in clauses]
    familiar = np.array(rarest_pair) >= config.familiar_share * len(prompts)
    is_plain = familiar & ((values_named == 0) | (not values_are_claims))
    return ClauseIndex(
        clauses=clauses,
        sizes=np.array([len(units_of(clause, language)) for clause in clauses], np.int64),
        mean_places=np.array([np.mean(clause_places) for clause_places in places.values()]),
        opening_shares=np.array([np.mean(np.array(clause_places) == 0) for clause_places in places.values()]),
        followers=followers,
        grams=grams,
        says=says,
        pair_rarity=(grams.orders == 1) * (1 - np.log(gram_texts) / np.log(len(texts) + 1)),
        joints=joints,
        tails=tails,
        heads=heads,
        leans=np.zeros(len(clauses), bool) if sentences else leans(clauses),
        sides=np.zeros((2, len(clauses)), bool) if sentences else contraries(clauses),
        values=values,
        value_codes=value_codes,
        value_clauses=value_clauses,
        is_kind=np.array([items_with[value] > KIND * len(prompts) for value in value_codes], bool),
        values_named=values_named,
        values_are_claims=values_are_claims,
        familiar=familiar,
        is_plain=is_plain,
        plain_says=says[np.flatnonzero(is_plain)],
    )


def _cut(texts: Sequence[str], language: str, values: Values) -> tuple[dict[str, list[float]], sparse.csr_matrix]:
    """(usable clause -> its places in texts, 0..1; (C, C): 1 where some text has the second clause after the first)."""
    places: dict[str, list[float]] = {}
    codes: dict[str, int] = {}
    pairs: set[tuple[int, int]] = set()
    for text in texts:
        start, previous = 0, None
        for clause in clauses_of(text, language):
            place, start = start / max(len(text), 1), start + len(clause)
            if not _usable(clause, language, values):
                previous = None
                continue
            clause = clause.strip()
            code = codes.setdefault(clause, len(codes))
            places.setdefault(clause, []).append(place)
            if previous is not None:
                pairs.add((previous, code))
            previous = code
    rows, columns = np.array(sorted(pairs), np.int64).reshape(-1, 2).T
    return places, sparse.csr_matrix((np.ones(len(rows)), (rows, columns)), shape=(len(codes), len(codes)))


def _usable(clause: str, language: str, values: Values) -> bool:
    if PLACEHOLDER.search(clause) or SLOT.search(clause):
        return False
    if language == "zh":
        if any(word not in values.known for word in LATIN.findall(clause.lower())):
            return False  # most Latin words in Chinese copy are brands
        if not stands(clause, values.known):
            return False
    unbalanced = any(clause.count(a) != clause.count(b) for a, b in zip(OPENING, CLOSING, strict=True))
    return not unbalanced and len(units_of(clause, language)) >= SHORTEST[language]


def _values_named(
    clauses: Sequence[str], values: Values, value_codes: Mapping[str, int]
) -> tuple[tuple[I64, ...], I64]:
    """For each value the clauses that name it, and (C,) the number of values that each clause names."""
    named = [sorted({value_codes[value] for value in values.said(clause)}) for clause in clauses]
    counts = np.array([len(codes) for codes in named], np.int64)
    rows = np.repeat(np.arange(len(named)), counts)
    columns = np.array([code for codes in named for code in codes], np.int64)
    order = np.argsort(columns, kind="stable")
    ends = np.cumsum(np.bincount(columns, minlength=len(value_codes)))
    return tuple(np.split(rows[order], ends[:-1])) if value_codes else (), counts


def _values_are_claims(prompts: Sequence[Prompt], texts: Sequence[str], values: Values) -> bool:
    """Whether at least half of the values that texts name are values of the text's own item."""
    named = sum(len(values.said(text)) for text in texts)
    foreign = sum(len(values.foreign(text, prompt.values)) for prompt, text in zip(prompts, texts, strict=True))
    return 2 * foreign <= named
