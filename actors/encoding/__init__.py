"""How values and the classes they need travel from one host to another.

A value goes as plain pickle 5 (`pickling`). What the other host cannot import — a class or function of a script, a
notebook, or local to a function — goes by value once per link as a *definition* (`shipping`, `structs`), is kept in the
one `registry` of the process, and is from then on a key of two numbers. A struct that is a whole message is not
even pickled: its class has an index (`code`). What a link has to be told before a record is in `announcing`.

Lowest first: importable, registry, structs, arrays, shipping, blame, pickling, code, announcing.
"""
