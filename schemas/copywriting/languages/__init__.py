"""Approved wordings, one TOML file a language; see schemas/copywriting/wording.py."""
