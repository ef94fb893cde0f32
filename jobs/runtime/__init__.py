"""The only code that touches disk, Spark settings, argv or the environment."""
