"""Clean events -> interest, features and portraits."""
