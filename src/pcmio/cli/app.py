"""The command ``pcmio`` itself, and how each of its ends becomes an exit code."""

from __future__ import annotations

import importlib
import logging
import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

import click
from rich.logging import RichHandler

from pcmio.cli import standard
from pcmio.cli.beep import beep
from pcmio.cli.completion import VARIABLE, completion
from pcmio.cli.demo import demo
from pcmio.cli.doctor import doctor
from pcmio.cli.exits import MEANINGS, ExitCode, FileProblem, failure_of
from pcmio.cli.info import info
from pcmio.cli.latency import latency
from pcmio.cli.listing import devices, hosts
from pcmio.cli.loopback import loopback
from pcmio.cli.monitor import monitor
from pcmio.cli.play import play
from pcmio.cli.record import record
from pcmio.cli.scope import scope
from pcmio.cli.screen import Screen
from pcmio.cli.stress import stress
from pcmio.errors import AudioError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pcmio.cli.exits import Failure

_CODES = "\n".join(f"  {code:>3}  {meaning}" for code, meaning in MEANINGS.items())


class _Formatter(click.HelpFormatter):
    """Help with a little colour; click takes it out again where the output is no terminal."""

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        super().write_usage(_styled(prog, bold=True), args, prefix)

    def write_heading(self, heading: str) -> None:
        super().write_heading(_styled(heading, bold=True))

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        super().write_dl([(_styled(name, fg="cyan"), text) for name, text in rows], col_max, col_spacing)


def _styled(text: str, *, fg: str | None = None, bold: bool | None = None) -> str:
    return text if os.environ.get("NO_COLOR") else click.style(text, fg=fg, bold=bold)


click.Context.formatter_class = _Formatter


@click.group(
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=f"\b\nExit codes:\n{_CODES}",
)
@click.version_option(getattr(importlib.import_module("pcmio"), "__version__", None), prog_name="pcmio")
@click.option("-v", "--verbose", is_flag=True, help="Tell on standard error what the library and the systems remark.")
@click.pass_context
def group(context: click.Context, *, verbose: bool) -> None:
    """Play, record and look at the audio devices of this machine."""
    if context.invoked_subcommand is None:
        click.echo(context.get_help())
        context.exit(ExitCode.USAGE)
    log = logging.getLogger("pcmio")
    if verbose:
        log.setLevel(logging.DEBUG)
        log.addHandler(RichHandler(console=Screen().err, show_path=False))
    else:
        log.addHandler(logging.NullHandler())


_COMMANDS = (
    *(hosts, devices, info, doctor),
    *(beep, play, record, loopback),
    *(monitor, scope, latency, stress),
    *(demo, completion),
)
for _command in _COMMANDS:
    group.add_command(_command)


def run(arguments: Sequence[str] | None) -> int:
    """Run a command; whatever happens is told in a line or two, and is an exit code."""
    standard.mend()
    try:
        done = group.main(None if arguments is None else list(arguments), prog_name="pcmio", standalone_mode=False)
        sys.stdout.flush()
    except (AudioError, FileProblem, click.UsageError) as error:
        return _fail(failure_of(error))
    except (KeyboardInterrupt, click.Abort):
        return ExitCode.INTERRUPTED
    except (BrokenPipeError, SystemExit) as end:  # click makes the one of the other
        if isinstance(end, SystemExit) and VARIABLE in os.environ:  # a shell has asked for completions, and got them
            return int(end.code or 0)
        standard.give_up_output()  # who read it has seen enough
        return ExitCode.OK
    except OSError as error:
        if not standard.is_unwritable(error):
            raise
        standard.give_up_output()
        return _fail(failure_of(FileProblem.of("standard output", error)))
    return done if isinstance(done, int) else ExitCode.OK


def _fail(failure: Failure) -> int:
    with suppress(OSError):  # where standard error is full too, the code is all that can be told
        Screen().fail(failure)
    return failure.code
