"""Maths of the night: arrays in, arrays out; nothing here knows Spark, Airflow or a path it was not given."""
