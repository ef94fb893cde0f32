"""Privacy, measured: erasure, encryption and differential privacy."""
