"""Pictures: recognised, found, completed; cold items with pictures."""
