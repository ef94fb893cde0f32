"""PROMISES: what every table contains, declared once; how a shop's raw files map onto our raw tables."""
