"""Opens the lake, starts Spark, and reads common arguments, settings and the environment, for all jobs."""
