"""The quality of the answerer of customer service."""
