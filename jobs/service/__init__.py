"""Customer service: questions, policies, and answers for the next morning, each with the current row it comes from."""
