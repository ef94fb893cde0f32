"""Pictures completed and recoloured: a generator with adversarial and feature losses, for a person to approve."""
