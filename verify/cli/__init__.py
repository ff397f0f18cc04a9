"""The command line: one file a room, imported only when its command is asked for.

stdout carries data, stderr carries talk and progress. Exit codes: 0 done, also when some files are UNABLE; 1 something
is wrong with the log or a rerun; 2 could not run at all; 3 intact, but below the assurance asked for.
"""

from __future__ import annotations

import importlib.util
import sys

import click

from verify.errors import EvidenceError, Tampered, Torn

# command: (file of this folder, one line of help). The files are imported when needed, so that help comes at once.
TABLE = {
    "demo": ("demo", "Run the sample case from intake to write-up."),
    "checks": ("look", "List the questions that can be asked."),
    "doctor": ("doctor", "Say what this installation can and cannot do."),
    "look": ("look", "Quick answers about files; no case, nothing written."),
    "compare": ("look", "Compare pictures with references: the same emblem, the same room?"),
    "metadata": ("metadata", "Everything that files say of themselves, before any check interprets it."),
    "duplicates": ("duplicates", "Every pair of files that shows the same picture."),
    "archive": ("archive", "Keep and search a large index of pictures."),
    "case": ("case", "Begin a case."),
    "intake": ("case", "Take files into a case, read-only and by digest."),
    "known": ("case", "Put reference pictures on a case's shelf."),
    "appearance": ("case", "Record where and when a picture was published."),
    "ask": ("case", "Put the questions to a case's pictures."),
    "apart": ("case", "Record that two pictures are no copies, whatever a check says."),
    "note": ("case", "Write a note into the log."),
    "claim": ("case", "Record what somebody claims."),
    "hypothesis": ("case", "Record a hypothesis, and its rival."),
    "link": ("case", "Say what a finding means for a hypothesis."),
    "conclude": ("case", "Record a conclusion."),
    "write-up": ("case", "Write the case up from its log."),
    "log": ("log", "Show, check and mend a case's log."),
    "rerun": ("case", "Run every check entry of a case again and compare."),
    "bundle": ("log", "Pack a case so that anyone can check it without this toolkit."),
    "calibrate": ("calibrate", "Fit likelihood ratios on your own known pairs."),
}


class Lazy(click.Group):
    """A group whose commands are imported when they are asked for."""

    def list_commands(self, _: click.Context) -> list[str]:
        """Names in the order of the table."""
        return [name for name, (file, _) in TABLE.items() if _exists(file)]

    def get_command(self, _: click.Context, name: str) -> click.Command | None:
        """The command, from its file."""
        if name not in TABLE or not _exists(TABLE[name][0]):
            return None
        module = importlib.import_module(f"{__name__}.{TABLE[name][0]}")
        found: dict[str | None, click.Command] = {command.name: command for command in module.COMMANDS}
        return found[name]

    def format_commands(self, _: click.Context, formatter: click.HelpFormatter) -> None:
        """The table, without importing any of its files."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, help) for name, (file, help) in TABLE.items() if _exists(file)])


def _exists(file: str) -> bool:
    return importlib.util.find_spec(f"{__name__}.{file}") is not None


@click.group(cls=Lazy, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="image-evidence", prog_name="verify")
def cli() -> None:
    """Questions put to a leaked picture, answers with their numbers, and a log that either side can check."""


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit."""
    try:
        code = cli.main(arguments, prog_name="verify", standalone_mode=False)
        sys.stdout.flush()
    except click.exceptions.Exit as stop:
        code = stop.exit_code
    except click.ClickException as error:
        error.show()
        code = 2
    except click.Abort:
        click.echo("stopped", err=True)
        code = 2
    except EvidenceError as error:
        click.echo(f"verify: {printable(str(error))}", err=True)
        code = 1 if isinstance(error, Tampered) else 3 if isinstance(error, Torn) else 2
    except BrokenPipeError:  # the reader of our output has left, as `| head` does
        sys.stderr.close()
        code = 0
    sys.exit(code if isinstance(code, int) else 0)


def printable(text: str) -> str:
    """The text with control and direction-changing characters made visible, so that a file cannot drive a terminal."""
    hidden = {*range(0x20), *range(0x7F, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x061C}
    return "".join(f"\\x{ord(c):02x}" if ord(c) in hidden or 0xD800 <= ord(c) < 0xE000 else c for c in text)
