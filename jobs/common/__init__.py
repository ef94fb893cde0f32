"""What several products share: fading sums, what is on sale, the event log, declared experiments."""
