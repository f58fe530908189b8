"""Seats, spares and leases: the words and the pure rules by which a directory and its hosts agree on who lives."""
