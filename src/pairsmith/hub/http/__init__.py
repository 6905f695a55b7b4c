"""HTTP without knowledge of datasets: addresses, bodies, ranges, responses, sockets."""
