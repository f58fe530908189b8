"""What a program has said on standard error, but that its directory was late, as it may be on a busy machine."""

LATE = "could not be asked to renew within"


def complaints(errors: str) -> list[str]:
    """Its lines."""
    return [line for line in errors.splitlines() if LATE not in line]
