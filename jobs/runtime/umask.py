"""Keeps the files that a night writes closed to other accounts of the machine."""

from __future__ import annotations

import os

VARIABLE = "NIGHTMARKET_UMASK"
_DEFAULT = "027"  # the owner writes, the group reads, others nothing


def keep_others_out() -> None:
    """Sets the umask of this process and of all that it starts (the JVM, Spark's workers), from the environment.

    Raises ValueError where the variable is not three octal digits.
    """
    digits = os.environ.get(VARIABLE, _DEFAULT)
    try:
        mask = int(digits, 8)
    except ValueError:
        mask = -1
    if not 0 <= mask <= 0o777:
        raise ValueError(f"{VARIABLE} is '{digits}'; write three octal digits, such as {_DEFAULT}")
    os.umask(mask)
