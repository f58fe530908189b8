"""Who answers for whom: child specs, failures and the signals that tell of them, and what a supervisor decides."""
