"""Lifetime value, chances and segments on public logs."""
