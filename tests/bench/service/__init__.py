"""What the answerer of customer service is worth."""
