"""Lifetime value, propensities and segments on public logs."""
