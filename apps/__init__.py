"""Programs that run on Understudy: each folder is one, started by `python -m apps.<name>`."""
