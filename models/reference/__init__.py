"""Models that only the benches run. In six months each is promoted or deleted."""
