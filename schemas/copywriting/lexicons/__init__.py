"""Lexicons: what copy must not say, one TOML per market and subject."""
