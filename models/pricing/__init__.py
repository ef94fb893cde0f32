"""Price elasticity, and the best price within bounds."""
