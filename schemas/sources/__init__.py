"""One TOML per data source: how a shop's raw files map onto our raw tables."""
