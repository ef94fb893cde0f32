"""Pictures: completed."""
