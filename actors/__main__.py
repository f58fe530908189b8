"""`python -m actors` looks inside running systems, and acts on them: see `--help`."""

import sys

from actors.command.program import main

sys.exit(main(sys.argv[1:]))
