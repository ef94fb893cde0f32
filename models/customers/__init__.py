"""Segments, lifetime value and calibrated chances."""
