"""Customer service: which known answer a question asks for, and how surely."""
