"""Outcomes and results of experiments, and tomorrow's shares."""
