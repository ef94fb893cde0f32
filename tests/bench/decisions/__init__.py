"""Offers, prices and experiments."""
