"""``python -m pcmio``: the command line."""

import sys

from pcmio.cli import main

sys.exit(main())
