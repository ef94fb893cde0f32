"""One line per fact on stderr; stdout is for what a command was asked to print."""

from __future__ import annotations

import logging
import sys


def get_logger(name: str) -> logging.Logger:
    root = logging.getLogger("nightmarket")
    if not root.handlers:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname).1s %(name)s: %(message)s", "%H:%M:%S"))
        root.addHandler(handler)
        root.setLevel(logging.INFO)
        root.propagate = False
    return root.getChild(name)


def quiet() -> None:
    """Show warnings only, for commands that print a line of their own."""
    get_logger("quiet")
    logging.getLogger("nightmarket").setLevel(logging.WARNING)
