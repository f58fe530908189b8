"""Live actors: the loop that handles messages, starts and ends, and what an actor may do through its context."""
