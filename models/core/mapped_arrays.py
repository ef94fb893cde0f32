"""Arrays in a folder, one file each, which several processes read through one page cache instead of a copy each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

PARTS = ("data", "indices", "indptr")


def write_arrays(folder: Path, arrays: dict[str, NDArray[Any] | sparse.csr_matrix]) -> None:
    """Write each array as `<name>.npy` (no pickle), a CSR matrix as its three, into `folder`, which is there."""
    for name, array in arrays.items():
        if sparse.issparse(array):
            for part in PARTS:
                np.save(folder / f"{name}.{part}.npy", getattr(array, part), allow_pickle=False)
            np.save(folder / f"{name}.shape.npy", np.array(array.shape), allow_pickle=False)
        else:
            np.save(folder / f"{name}.npy", array, allow_pickle=False)


def read_arrays(folder: Path) -> dict[str, Any]:
    """What `write_arrays` wrote, mapped from the files, read-only; matrices as CSR. FileNotFoundError if none is there.

    Raises ValueError for a file that was cut short.
    """
    found: dict[str, Any] = {}
    for path in sorted(folder.glob("*.npy")):
        found[path.name.removesuffix(".npy")] = np.load(path, mmap_mode="r", allow_pickle=False)
    if not found:
        raise FileNotFoundError(f"{folder} holds no arrays (*.npy)")
    for name in [name.removesuffix(".shape") for name in found if name.endswith(".shape")]:
        shape = tuple(int(size) for size in found.pop(f"{name}.shape"))
        parts = tuple(found.pop(f"{name}.{part}") for part in PARTS)
        matrix = sparse.csr_matrix(parts, shape=shape, copy=False)
        matrix.has_canonical_format = True  # as it was written; finding out would read it all
        found[name] = matrix
    return found
