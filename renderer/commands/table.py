"""Tables on standard output: fitted to a terminal, whole where a file or a pipe takes them."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

NARROW = 110  # columns of a terminal below which a row takes several lines
MOST_LISTED = 40  # names in a line of text
Row = Sequence[str]


def listing(names: Row) -> str:
    """Names in a line: 'ace, king', cut where there are a great many."""
    more = len(names) - MOST_LISTED
    return ", ".join(names[:MOST_LISTED]) + (f" and {more} more" if more > 0 else "")


def print_table(headings: Row, rows: Sequence[Row], console: Console | None = None) -> None:
    """Print rows of text; the first cell of each is its name and is never cut."""
    console = console or Console(highlight=False)
    if not console.is_terminal:
        for line in plain_lines(headings, rows):
            print(line, file=console.file)
    elif console.width < NARROW:
        _print_stacked(rows, console)
    else:
        console.print(_table(headings, rows, console.width))


def plain_lines(headings: Row, rows: Sequence[Row]) -> list[str]:
    """Columns two spaces apart, each as wide as its widest cell."""
    lines = [headings, *rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return ["  ".join(f"{c:<{w}}" for c, w in zip(line, widths, strict=True)).rstrip() for line in lines]


def _print_stacked(rows: Sequence[Row], console: Console) -> None:
    """The name on a line of its own, the rest below it."""
    for name, *rest in rows:
        console.print(Text(name, style="bold"), soft_wrap=True)
        console.print(Text("  " + ", ".join(cell for cell in rest if cell)))


def _table(headings: Row, rows: Sequence[Row], width: int) -> Table:
    """Folded cells instead of cut ones; the name has half of the width where it needs it."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    longest = max((len(row[0]) for row in rows), default=0)
    table.add_column(headings[0], overflow="fold", min_width=min(longest, width // 2))
    for heading in headings[1:]:
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row))
    return table
