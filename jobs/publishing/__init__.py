"""Gates, the pointer that the storefront reads, and what stays in the lake."""
