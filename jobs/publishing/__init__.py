"""The gates, the published nights with the pointer that the storefront reads, and the lake's retention."""
