"""Many hosts in one process, in a time, an order and a network that one seed decides: the same seed, the same run."""
