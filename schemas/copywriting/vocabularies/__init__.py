"""The general vocabulary: words that state a fact, one TOML per subject."""
