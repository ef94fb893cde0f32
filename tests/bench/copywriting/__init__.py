"""Copy and the claim checker: quality and speed."""
