"""All that touches storage: paths, digests, compression, durable writes, locks, object stores."""
