"""The shop's raw files -> clean_events, items, users."""
