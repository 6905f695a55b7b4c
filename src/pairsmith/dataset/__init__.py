"""A built dataset on disk: shards, quarantine, manifest, card; written, read and proved."""
