"""How a system is: what each of its hosts says of itself at this moment, and what of that is a problem."""
