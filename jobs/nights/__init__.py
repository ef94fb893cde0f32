"""A whole night, a refresh, and a range of nights, each in one process."""
