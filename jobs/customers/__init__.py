"""Segments of customers, their chances to buy, and audiences."""
