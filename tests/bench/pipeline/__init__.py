"""Cleaning and features compared with DuckDB, whole nights, and pages."""
