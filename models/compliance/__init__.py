"""What a text may not say."""
