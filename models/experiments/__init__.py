"""Who is in which arm, what an experiment shows, and how shares move."""
