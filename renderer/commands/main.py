"""`gapless COMMAND ...`: finds the command, and turns errors into one sentence and an exit status."""

import importlib
import os
import sys
from collections.abc import Sequence

from renderer.commands.interruption import Interrupted
from renderer.errors import GaplessError, InputError, unknown_name_message

COMMANDS = {
    "render": "render a labelled dataset from a recipe",
    "preview": "render a quick contact sheet of a recipe",
    "verify": "check a finished dataset, or an export of it",
    "export": "write a finished dataset as COCO, YOLO and other formats",
    "recipe": "show, check and compare recipes, without rendering",
    "train": "train a detector on labelled images",
    "evaluate": "measure a detector on labelled images",
    "gap": "measure what is lost by training on rendered instead of real images",
    "predict": "run a detector over images",
    "export-model": "write a detector as ONNX",
}
EXIT_INPUT, EXIT_FAILURE, EXIT_INTERRUPTED, EXIT_PIPE = 2, 1, 130, 141


def main() -> None:
    """Run the command that the user typed, and exit."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run a command line without the program's name; returns the exit status."""
    try:
        return _dispatch(arguments)
    except GaplessError as error:
        return report(error)
    except Interrupted as error:
        print(f"gapless: {error}", file=sys.stderr)
        return error.status
    except KeyboardInterrupt:
        print("gapless: interrupted; run the same command again to go on", file=sys.stderr)
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        return fall_silent()


def report(error: GaplessError) -> int:
    """Print an error for a person; returns the exit status that goes with it."""
    print(f"gapless: {error}", file=sys.stderr)
    return exit_status(error)


def exit_status(error: GaplessError) -> int:
    """The exit status that goes with an error."""
    return EXIT_INPUT if isinstance(error, InputError) else EXIT_FAILURE


def fall_silent() -> int:
    """Say no more, for whoever read our output, such as `head`, has had enough; returns the exit status."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return EXIT_PIPE


def _dispatch(arguments: Sequence[str]) -> int:
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(_help())
        return 0
    name, *rest = arguments
    if name == "--version":
        from renderer import __version__

        print(f"gapless {__version__}")
        return 0
    if name not in COMMANDS:
        raise InputError(unknown_name_message("command", name, COMMANDS))
    status: int = importlib.import_module(f"renderer.commands.{name.replace('-', '_')}").run(rest)
    return status


def _help() -> str:
    lines = [f"  {name:<13} {text}" for name, text in COMMANDS.items()]
    return "\n".join(
        [
            "gapless renders labelled training images with Blender and measures the reality gap.",
            "",
            "usage: gapless COMMAND [...]     (gapless COMMAND --help shows more, with examples)",
            "",
            *lines,
        ]
    )
