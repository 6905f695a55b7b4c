"""A home for gated data: the server, the gate, the licence desk, publishing."""
