"""Recommenders, one a file."""
