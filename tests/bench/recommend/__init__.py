"""Recommenders and the ranker beside published figures, and their speed."""
