"""Tracing is an instrument given to a system; the runtime does not know it."""
