"""Arrays, ids, top-k, manifests, metrics, memory: what every model shares."""
