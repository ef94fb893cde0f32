"""Recommendations, and the models and lists that they are based on."""
