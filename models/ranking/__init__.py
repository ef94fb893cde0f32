"""Sources -> candidates -> ranked lists."""
