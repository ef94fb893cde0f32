"""Arrays, ids, top-k, manifests, metrics: what every model shares."""
