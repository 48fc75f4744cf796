"""Runs a command in a virtual machine that has real sound cards, as far as a kernel can tell.

    python -m tests.vm [--cards aloop,dummy,hda,usb] [--clock virtual] -- COMMAND [ARGUMENT...]

The exit status is the command's; 124 if it took too long; 125 if the machine broke; 120 if there is none: nothing was
run.
"""

from __future__ import annotations

import argparse
import sys
import time

from . import image, machine

MISSING = 120


def main() -> int:
    """Parse, run."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.vm", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cards", default="aloop,dummy,hda,usb", help="default: %(default)s")
    parser.add_argument("--clock", choices=[machine.Clock.REAL, machine.Clock.VIRTUAL], default=machine.Clock.REAL)
    parser.add_argument("--timeout", type=float, default=1800, metavar="SECONDS", help="default: %(default)s")
    parser.add_argument("--env", action="append", default=[], metavar="NAME=VALUE", help="a variable for the command")
    parser.add_argument("command", nargs="+")
    given = parser.parse_args()
    cards = [card for card in given.cards.split(",") if card]
    if unknown := sorted(set(cards) - set(machine.CARDS)):
        parser.error(f"no such card: {', '.join(unknown)}; there are {', '.join(machine.CARDS)}")
    env = dict(variable.split("=", 1) for variable in given.env)
    began = time.monotonic()
    try:
        status = machine.run(machine.Task(given.command, cards, given.clock, given.timeout, env))
    except image.MissingError as error:
        print(f"MISSING: no machine with sound cards, nothing was tested.\n{error}", file=sys.stderr)
        return MISSING
    print(f"the machine ran for {time.monotonic() - began:.0f} s, status {status}", file=sys.stderr)
    return status


if __name__ == "__main__":
    sys.exit(main())
