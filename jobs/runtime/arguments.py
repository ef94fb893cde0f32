"""Checks of arguments that several jobs take, made before anything is read."""

from __future__ import annotations

import argparse
import datetime as dt
from pathlib import Path


def a_date(text: str) -> dt.date:
    """The date that an argument names, for argparse's `type`."""
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is not a date; write it as 2026-01-06") from None


def add_settings_arguments(parser: argparse.ArgumentParser) -> None:
    """--config and --set, as `load_settings` takes them."""
    parser.add_argument("--config", help="TOML file of settings; `python -m jobs show_settings` prints one")
    parser.add_argument("--set", action="append", default=[], metavar="SECTION.KEY=VALUE", help="one setting")


def out_file(text: str, *endings: str) -> Path:
    """The file that --out names. ValueError for another ending, FileNotFoundError where its folder is missing."""
    path = Path(text)
    if path.suffix not in endings:
        raise ValueError(f"--out must end in {' or '.join(endings)}; saw '{text}'")
    if not path.parent.is_dir():
        raise FileNotFoundError(f"--out {text}: there is no folder {path.parent}; make it, or give another")
    return path
