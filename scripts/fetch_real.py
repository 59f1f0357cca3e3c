"""Fetches real photographs with labels, for measuring the reality gap, and writes them as COCO json.

    python scripts/fetch_real.py dice
    python scripts/fetch_real.py cards --data-dir /data/gapless
    python scripts/fetch_real.py cards --from checkouts/cards     (a copy of the repository; no network)

Writes DATA_DIR/real/SET/SPLIT.json with the images in DATA_DIR/real/SET/SPLIT/, for
`gapless train data=DATA_DIR/real/dice/train.json`. Run again, it fetches only what is missing.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from renderer.errors import GaplessError, InputError
from train_eval.data.fetching import (
    PUBLISHED,
    OpenUrl,
    check_files,
    convert,
    default_data_dir,
    fetch_files,
    open_https,
    published_set,
)

EXIT_INPUT, EXIT_FAILURE = 2, 1


def main(arguments: Sequence[str], open_url: OpenUrl = open_https) -> int:
    """Run with the arguments of a command line; returns the exit status."""
    options = parser().parse_args(arguments)
    try:
        fetch(options, open_url)
    except GaplessError as error:
        print(f"fetch_real: {error}", file=sys.stderr)
        return EXIT_INPUT if isinstance(error, InputError) else EXIT_FAILURE
    except KeyboardInterrupt:
        print("fetch_real: interrupted; run the same command again to go on", file=sys.stderr)
        return 130
    return 0


def parser() -> argparse.ArgumentParser:
    """The options."""
    result = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    result.add_argument("set", metavar="SET", help="dice or cards")
    result.add_argument(
        "--data-dir", type=Path, default=default_data_dir(), help="where to write (default: %(default)s)"
    )
    result.add_argument(
        "--from", dest="source", type=Path, help="folder with the files as in the repository: fetches nothing"
    )
    return result


def fetch(options: argparse.Namespace, open_url: OpenUrl) -> None:
    """Fetch a set and convert it."""
    published = published_set(options.set)
    out = options.data_dir / "real" / published.name
    folder = options.source or out / PUBLISHED
    if options.source:
        check_files(published, folder)
    else:
        print(f"{published.repository} at {published.commit[:12]} ({published.licence})")
        fetch_files(published, folder, open_url, show_progress if sys.stderr.isatty() else None)
    for path in convert(published, folder, out, lambda text: print(f"fetch_real: {text}", file=sys.stderr)):
        print(path)


def show_progress(done: int, count: int) -> None:
    """Show on the terminal how far it is."""
    print(f"\r{done} of {count} files", end="\n" if done == count else "", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
