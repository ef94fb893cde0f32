"""Cleaning and features beside DuckDB."""
