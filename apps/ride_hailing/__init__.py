"""Ride-hailing: riders, trips, drivers and a dispatcher as actors on several hosts (see README.md in this folder)."""
