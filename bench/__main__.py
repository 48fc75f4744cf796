"""``python -m bench``."""

import sys

from bench import environment

if __name__ == "__main__":
    environment.enter(sys.argv[1:])

    from bench.main import main

    sys.exit(main(sys.argv[1:]))
