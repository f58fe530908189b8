"""Systems that outlive their program: kept by a keeper, joined by name, written down in Ray's control store."""
