"""Texts for items, and which user gets which text."""
