"""Arrays in a folder, one file each, mapped into memory: processes share the page cache instead of copying them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

PARTS = ("data", "indices", "indptr")


def write_arrays(folder: Path, arrays: dict[str, NDArray[Any] | sparse.csr_matrix]) -> None:
    """Writes each array as `<name>.npy` (no pickle), a CSR matrix as parts and shape, into `folder`, which exists."""
    for name, array in arrays.items():
        if sparse.issparse(array):
            for part in PARTS:
                np.save(folder / f"{name}.{part}.npy", getattr(array, part), allow_pickle=False)
            np.save(folder / f"{name}.shape.npy", np.array(array.shape), allow_pickle=False)
        else:
            np.save(folder / f"{name}.npy", array, allow_pickle=False)


def read_arrays(folder: Path) -> dict[str, Any]:
    """The arrays that `write_arrays` wrote, mapped read-only; matrices as CSR. FileNotFoundError if there is none.

    Raises ValueError for a file that was cut short.
    """
    arrays: dict[str, Any] = {}
    for path in sorted(folder.glob("*.npy")):
        arrays[path.name.removesuffix(".npy")] = np.load(path, mmap_mode="r", allow_pickle=False)
    if not arrays:
        raise FileNotFoundError(f"{folder} holds no arrays (*.npy); train the model again")
    for name in [name.removesuffix(".shape") for name in arrays if name.endswith(".shape")]:
        shape = tuple(int(size) for size in arrays.pop(f"{name}.shape"))
        parts = tuple(arrays.pop(f"{name}.{part}") for part in PARTS)
        matrix = sparse.csr_matrix(parts, shape=shape, copy=False)
        matrix.has_canonical_format = True  # it was written so; checking would read the whole file
        arrays[name] = matrix
    return arrays
