"""Recommenders and the ranker compared with published figures, and their speed."""
