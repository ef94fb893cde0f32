"""The copywriter: drafts from a network and from clauses, ranked."""
