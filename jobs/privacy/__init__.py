"""A person is found in everything that a lake holds, taken out of it for good, or told what it holds."""
