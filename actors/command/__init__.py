"""The command line `python -m actors`: live operations from another process, as text or JSON, with exit codes."""
