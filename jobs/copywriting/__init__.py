"""Texts for items, and which user is told which."""
