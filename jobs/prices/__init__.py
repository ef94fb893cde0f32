"""Price suggestions for a person to approve."""
