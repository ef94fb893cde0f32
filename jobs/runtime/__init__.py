"""The only code that touches the disk, Spark's settings, the command line or the environment."""
