"""Models on this machine: found, proved to fit, made ready; and the folders that runs leave."""
