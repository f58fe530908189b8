"""The directory as a Ray actor, the ways to it, and what it keeps in Ray's control store."""
