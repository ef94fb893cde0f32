"""Segments, chances and audiences."""
