"""Items laid out for `top_k`: longest first, in tiles, with a bound on the error of coarse scores.

Coarse scores are float32, or bfloat16 where the CPU multiplies it in hardware (AMX, AVX-512): about 3 times as fast.
The bounds make the lists exact all the same, see `top_k`.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

TILE = 4096
BF16_FROM = 16_384  # items; with fewer, importing torch costs a process more time than bfloat16 saves
TINY = float(np.finfo(np.float32).tiny)  # bfloat16 units treat smaller numbers as 0


class Coarse(NamedTuple):
    """Rows in the precision of coarse scores: a torch tensor of bfloat16, or the float32 rows themselves; and how far
    each lies from its float32 row, Euclidean (n,)."""

    rows: Any
    off: F64


@dataclass(frozen=True)
class ItemTiles:
    """n of a catalogue's `n_items` items, longest first, ties in the order of codes.

    codes (n,): of each item. items (n, D). longest (T,): the length of each tile's longest item. largest:
    the largest absolute factor of the whole catalogue. bf16: whether coarse scores may be bfloat16.
    """

    n_items: int
    codes: I64
    items: F32
    longest: F64
    largest: float
    bf16: bool

    @classmethod
    def of(cls, items: F32, allowed: NDArray[np.bool_] | None = None, bf16: bool | None = None) -> ItemTiles:
        """Lays out the allowed items of a catalogue (I, D). bf16: None chooses by the CPU and the size.

        Raises ValueError if shapes or types disagree, or an item holds NaN or infinity.
        """
        items = np.ascontiguousarray(items, np.float32)
        if items.ndim != 2:
            raise ValueError(f"items {items.shape} must be (rows, dims)")
        if allowed is not None and (allowed.shape != (len(items),) or allowed.dtype != np.bool_):
            raise ValueError(f"allowed is {allowed.dtype} {allowed.shape}, expected bool {(len(items),)}")
        largest = largest_of(items)
        if not np.isfinite(largest):
            raise ValueError(f"items hold NaN or infinity, or overflow float32: largest |item| {largest}")
        codes = np.arange(len(items)) if allowed is None else np.flatnonzero(allowed)
        length = lengths(items)[codes]
        order = np.argsort(-length, kind="stable")
        if bf16 is None:
            bf16 = len(codes) >= BF16_FROM and multiplies_bf16()
        return cls(len(items), codes[order], items[codes[order]], length[order][::TILE], largest, bf16)

    @functools.cached_property
    def coarse(self) -> Coarse:
        """The items in bfloat16."""
        return in_bf16(self.items)

    @functools.cached_property
    def in_order(self) -> I64:
        """The codes, ascending."""
        return np.sort(self.codes)

    @functools.cached_property
    def place_of(self) -> NDArray[np.int32]:
        """(n_items,): the row in `items` of each item of the catalogue, -1 for an item that is not allowed."""
        place = np.full(self.n_items, -1, np.int32)
        place[self.codes] = np.arange(len(self.codes), dtype=np.int32)
        return place

    @functools.cached_property
    def off(self) -> F64:
        """(T,): the largest distance by which bfloat16 moves an item of each tile."""
        return np.maximum.reduceat(self.coarse.off, np.arange(0, len(self.codes), TILE))


class Bounds(NamedTuple):
    """|exact - coarse| <= absolute + relative * |coarse|, for B users and the items of one tile: absolute (B,) float32.

    reach (B,): no exact score of the tile is higher.
    """

    absolute: F32
    relative: np.float32
    reach: F64


def bounds(tiles: ItemTiles, tile: int, length: F64, off: F64, bf16: bool) -> Bounds:
    """The bounds for users of these lengths (B,); off (B,): the distance of their coarse rows from the exact ones.

    By Cauchy and Schwarz, |u i - u' i'| <= |u - u'| |i| + |u'| |i - i'|. Two ways to round a sum of D products differ
    by at most D * 2^-23 |u| |i|; the bound is 4 times that. Rounding to bfloat16 moves a score by at most 2^-9 of it.
    """
    dims, longest = tiles.items.shape[1], tiles.longest[tile]
    rounding = dims * 2.0**-21 * longest * (length + off) + dims * TINY * (1 + longest + length)
    if bf16:
        rounding = rounding * 1.01 + off * longest + (length + off) * tiles.off[tile]
    rounding = np.where(length > 0, rounding * (1 + 2.0**-20), 0.0)
    reach = length * longest * (1 + 2.0**-20) + rounding
    return Bounds(rounding.astype(np.float32), np.float32(1.01 * 2.0**-9 if bf16 else 2.0**-21), reach)


def in_bf16(rows: F32) -> Coarse:
    """Rows (n, D) as bfloat16, rounded to the nearest."""
    import torch

    exact = torch.from_numpy(rows if rows.flags.writeable else rows.copy())
    coarse = exact.bfloat16()
    return Coarse(coarse, lengths((exact - coarse.float()).numpy()))


@functools.cache
def multiplies_bf16() -> bool:
    """Whether this CPU multiplies matrices of bfloat16 in hardware."""
    import torch

    capabilities = torch.cpu.get_capabilities()
    return bool(capabilities.get("amx_bf16") or capabilities.get("avx512_bf16"))


def lengths(rows: F32) -> F64:
    """Euclidean length of each row, in float64 so that squares neither overflow nor vanish."""
    return np.sqrt(np.einsum("nd,nd->n", rows, rows, dtype=np.float64))


def largest_of(rows: F32) -> float:
    """The largest absolute value; NaN stays NaN."""
    return max(float(rows.max(initial=0)), -float(rows.min(initial=0)))
