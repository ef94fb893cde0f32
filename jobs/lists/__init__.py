"""Recommendations, and the models and lists they stand on."""
