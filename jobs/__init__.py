"""WHAT: one job per file. `python -m jobs --help` lists them."""
