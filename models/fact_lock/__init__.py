"""What a text claims, and whether the item's facts support it."""
