"""Where something was made from: manifests followed by hash, from a model back to its sources."""
