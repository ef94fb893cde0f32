"""Approved wordings, one TOML file a language; see schemas/wording.py."""
