"""Where cells run: each module is one backend, found by name when a system is opened."""
