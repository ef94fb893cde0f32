"""WHAT: one room a product, one file a job. `python -m jobs --help` lists the jobs."""
