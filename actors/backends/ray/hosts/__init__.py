"""Host processes: made, seated, watched, replaced by spares, and ended."""
