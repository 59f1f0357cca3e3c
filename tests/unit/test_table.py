"""Tables: names are never cut, whatever the width."""

import io
import re

import pytest
from rich.console import Console

from renderer.commands.table import plain_lines, print_table

HEADINGS = ["name", "value", "help"]
LONG = "objects.occluder.appearance.pattern_size_m"
ROWS = [
    ["camera.tilt_deg", "[uniform, 0, 35]", "angle from straight down"],
    [LONG, "[log_uniform, 0.003, 0.03]", "size of the pattern's features, " * 6],
    ["seed", "", "seed of every draw"],
]


def printed(width: int, is_terminal: bool) -> str:
    file = io.StringIO()
    console = Console(file=file, width=width, force_terminal=is_terminal, no_color=True, highlight=False)
    print_table(HEADINGS, ROWS, console)
    return file.getvalue()


def test_columns_of_plain_text_are_as_wide_as_their_widest_cells():
    lines = plain_lines(HEADINGS, ROWS)
    assert len(lines) == 1 + len(ROWS)
    assert len({line.index(cell) for line, cell in zip(lines[1:3], ("[uniform", "[log"), strict=True)}) == 1
    assert all(line == line.rstrip() for line in lines)
    assert all(row[0] in line and row[2].rstrip() in line for line, row in zip(lines[1:], ROWS, strict=True))


@pytest.mark.parametrize("width", [20, 80])
def test_a_pipe_gets_plain_lines_whatever_the_width(width):
    assert printed(width, is_terminal=False).splitlines() == plain_lines(HEADINGS, ROWS)


@pytest.mark.parametrize("width", [60, 80, 110, 140, 200])
def test_a_terminal_is_never_overrun_and_names_are_never_cut(width):
    plain = re.sub(r"\x1b\[\d*m", "", printed(width, is_terminal=True))
    assert max(len(line.rstrip()) for line in plain.splitlines()) <= width
    assert all(row[0] in plain for row in ROWS)
    assert "seed of every draw" in " ".join(plain.split())
    assert "…" not in plain
