"""The log: one line for each fact, on stderr. On stdout a command prints only what it was asked for."""

from __future__ import annotations

import logging
import sys


def get_logger(name: str) -> logging.Logger:
    """The logger of a job or module; the first call sets up the format."""
    root = logging.getLogger("nightmarket")
    if not root.handlers:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname).1s %(name)s: %(message)s", "%H:%M:%S"))
        root.addHandler(handler)
        root.setLevel(logging.INFO)
        root.propagate = False
    return root.getChild(name)


def quiet() -> None:
    """Shows only warnings, for commands that print their own lines."""
    get_logger("quiet")
    logging.getLogger("nightmarket").setLevel(logging.WARNING)
