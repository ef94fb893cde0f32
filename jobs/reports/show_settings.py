"""Prints every setting with its default and meaning, as a TOML file for --config."""

from __future__ import annotations

import argparse

from jobs.runtime.settings import as_toml


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """No arguments."""


def main(args: argparse.Namespace) -> int:
    print(as_toml())
    return 0
