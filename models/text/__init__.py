"""Figures, languages and near-duplicates of texts."""
