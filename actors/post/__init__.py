"""Messages between hosts: what is written on the wire, whom it goes to, and what becomes of what is lost on the way."""
