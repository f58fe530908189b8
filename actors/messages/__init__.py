"""What can be said: message classes, calls, and how an actor class's handlers are found for them."""
