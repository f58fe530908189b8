"""Patterns on top of actors, by their public door only: one pattern, one file."""
