"""Who offers a service: actors registered under typed keys, found on every host, followed as they come and go."""
