"""Customer service by morning: questions, policies, and answers that each name a living row."""
