"""Figures about people, released with noise that hides each single person."""
