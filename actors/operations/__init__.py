"""Looking inside a running system, and acting on single actors and hosts of it: `system.operations`."""
