"""Items that nobody has touched yet."""
