"""The page of features: what gapless has is shown by what exists, and what peers have comes from a source."""

import ast
import re
import shlex
from itertools import pairwise
from pathlib import Path

import pytest
from hydra.errors import HydraException
from unit.recipes import recipe_of

from renderer.errors import InputError

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "features.md"
CELL = re.compile(r"(yes|no|\?)(: \S.*)?|partly: \S.*")
CODE = re.compile(r"`([^`]*)`")
NUMBER, FEATURE, OURS, SHOWN_BY = "#", "feature", "gapless", "shown by"
SYSTEM, ROWS = "system", "rows"
LEAST_ROWS, LEAST_PEERS = 22, 8

Row = dict[str, str]


def test_the_page_claims_nothing_without_something_behind_it():
    assert problems(PAGE.read_text(encoding="utf-8")) == []


def test_the_page_has_all_of_its_rows_and_peers():
    features, sources = tables_of(PAGE.read_text(encoding="utf-8"))
    assert [row[NUMBER] for row in features] == [str(1 + index) for index in range(len(features))]
    assert len(features) >= LEAST_ROWS
    assert len(peers_of(features[0])) >= LEAST_PEERS
    assert {source[SYSTEM] for source in sources} == set(peers_of(features[0]))


GOOD_ROWS = """
| 1 | frames | yes | partly: by hand | `tests/unit/test_configs.py::test_every_key_has_a_line_of_help` |
| 2 | tables | partly: few | ? | `gapless render recipe=dice surface=tabletop`, `tests/unit/test_coco.py` |
| 4 | files | yes | ? | `scripts/fetch_real.py` |
| 3 | worlds | no | yes: many | |
"""
GOOD_SOURCES = "| Peer | 1, 3 | its manual |"


def test_a_page_with_its_evidence_is_right():
    assert problems(page_of(GOOD_ROWS, GOOD_SOURCES)) == []


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("| 1 | frames | yes | ? | |", "row 1: nothing shows it"),
        ("| 1 | frames | partly: few | ? | |", "row 1: nothing shows it"),
        ("| 1 | frames | yes: all | ? | see `scripts/fetch_real.py` |", "row 1: 'see' is no evidence"),
        (
            "| 1 | frames | yes | ? | `docs/recipe.md` |",
            "row 1: docs/recipe.md is no test, script or command",
        ),
        ("| 1 | frames | no | ? | `scripts/none.py` |", "row 1: there is no scripts/none.py"),
        ("| 1 | frames | yes | ? | `scripts/../scripts/fetch_real.py` |", "is no test, script or command"),
        (
            "| 1 | frames | yes | ? | `tests/unit/test_none.py` |",
            "row 1: there is no tests/unit/test_none.py",
        ),
        ("| 1 | frames | yes | ? | `tests/unit/recipes.py` |", "row 1: tests/unit/recipes.py has no test"),
        ("| 1 | frames | yes | ? | `tests/unit/test_coco.py::test_none` |", "has no test test_none"),
        ("| 1 | frames | yes | ? | `tests/unit/recipes.py::recipe_of` |", "is no test, script or command"),
        ("| 1 | frames | yes | ? | `gapless fly recipe=dice` |", "is no test, script or command"),
        ("| 1 | frames | yes | ? | `gapless render surface=tabletop` |", "is no test, script or command"),
        ("| 1 | frames | yes | ? | `gapless render recipe=dice surface=moon` |", "does not compose"),
        ("| 1 | frames | yes | ? | `gapless render recipe=moon` |", "does not compose"),
        ("| 1 | frames | yes | ? | `gapless render recipe=dice camera.wings=2` |", "does not compose"),
        ("| 1 | frames | yes | ? | `gapless render recipe=dice camera.f_stop=-1` |", "does not compose"),
        ("| 1 | frames | mostly | ? | `scripts/fetch_real.py` |", "row 1: gapless: 'mostly' is none of"),
        ("| 1 | frames | ? | ? | |", "row 1: gapless: it is known what gapless has"),
        ("| 1 | frames | no | | |", "row 1: Peer: '' is none of"),
        ("| 1 | frames | no | partly | |", "row 1: Peer: 'partly' is none of"),
        ("| 1 | frames | no | yesterday | |", "row 1: Peer: 'yesterday' is none of"),
        ("| 1 | frames | no | yes | |", "row 1: Peer: no source"),
        ("| 1 | frames | no | no | |", "row 1: Peer: no source"),
    ],
)
def test_a_wrong_row_is_the_one_problem_of_its_page(row: str, problem: str):
    (found,) = problems(page_of(row, "| Peer | 2 | its manual |\n| Else | 1 | not this peer's |"))
    assert problem in found


def test_every_wrong_row_is_named():
    wrong = "| 1 | frames | yes | ? | |\n| 2 | worlds | no | yes | |"
    assert problems(page_of(wrong, "")) == ["row 1: nothing shows it", "row 2: Peer: no source"]


def test_a_function_in_a_test_is_none_of_its_tests(tmp_path: Path):
    (tmp_path / "test_x.py").write_text(
        "def test_outer():\n    def test_inner(): ...\n\nclass TestY:\n    def test_z(self): ...\n"
    )
    assert names_of_tests(tmp_path / "test_x.py") == {"test_outer", "test_z"}


@pytest.mark.parametrize("row", ["| 1 | frames | yes | ? |", "| 1 | frames | yes | ? | a | b |"])
def test_a_row_with_too_few_or_too_many_cells_is_an_error(row: str):
    with pytest.raises(ValueError, match="zip"):
        problems(page_of(row, ""))


def test_a_page_without_its_two_tables_is_an_error():
    with pytest.raises(ValueError, match="unpack"):
        problems("# Features\n")


def page_of(rows: str, sources: str) -> str:
    """A small page: rows of one peer, and sources."""
    features = (
        f"| # | feature | gapless | Peer | shown by |\n| --- | --- | --- | --- | --- |\n{rows.strip()}\n"
    )
    return (
        f"# Features\n\n{features}\nFrom:\n\n| system | rows | looked at |\n| --- | --- | --- |\n{sources}\n"
    )


def problems(page: str) -> list[str]:
    """What is wrong with the claims of a page, by row."""
    features, sources = tables_of(page)
    sourced = {(source[SYSTEM], number) for source in sources for number in source[ROWS].split(", ")}
    found = [(row[NUMBER], text) for row in features for text in [*_ours(row), *_peers(row, sourced)]]
    return [f"row {number}: {text}" for number, text in found]


def tables_of(page: str) -> tuple[list[Row], list[Row]]:
    """The features and the sources: the two tables of a page, each row by the head of its columns."""
    lines = [line.strip() for line in page.splitlines()]
    heads = [index for index, (_, rule) in enumerate(pairwise(lines)) if rule.startswith("| ---")]
    features, sources = [_table(lines[head:]) for head in heads]
    return features, sources


def peers_of(row: Row) -> list[str]:
    """The columns that are about another system."""
    return [column for column in row if column not in (NUMBER, FEATURE, OURS, SHOWN_BY)]


def names_of_tests(path: Path) -> set[str]:
    """The names of the tests of a file, which is parsed and not imported."""
    body = ast.parse(path.read_text(encoding="utf-8")).body
    classes = [node for node in body if isinstance(node, ast.ClassDef)]
    nodes = [*body, *(node for each in classes for node in each.body)]
    return {
        node.name for node in nodes if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }


def _table(lines: list[str]) -> list[Row]:
    """The rows of the table that starts with the first of the lines."""
    end = next((index for index, line in enumerate(lines) if not line.startswith("|")), len(lines))
    head, _, *rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[:end]]
    return [dict(zip(head, row, strict=True)) for row in rows]


def _ours(row: Row) -> list[str]:
    """What is wrong with gapless's own cell and with what shows it."""
    claim, shown_by = row[OURS], row[SHOWN_BY]
    if not CELL.fullmatch(claim):
        return [f"{OURS}: {_not_a_cell(claim)}"]
    if claim == "?":
        return [f"{OURS}: it is known what gapless has"]
    evidence = CODE.findall(shown_by)
    if not evidence and claim.split(":")[0] != "no":
        return ["nothing shows it"]
    prose = CODE.sub("", shown_by).replace(",", " ").split()
    return [f"{word!r} is no evidence" for word in prose] + [
        text for each in evidence for text in _evidence(each)
    ]


def _peers(row: Row, sourced: set[tuple[str, str]]) -> list[str]:
    """What is wrong with the cells of peers: a word that means nothing, or a claim without a source."""
    cells = {peer: row[peer] for peer in peers_of(row)}
    unclear = [f"{peer}: {_not_a_cell(cell)}" for peer, cell in cells.items() if not CELL.fullmatch(cell)]
    claims = [peer for peer, cell in cells.items() if CELL.fullmatch(cell) and cell != "?"]
    return unclear + [f"{peer}: no source" for peer in claims if (peer, row[NUMBER]) not in sourced]


def _not_a_cell(cell: str) -> str:
    return f"{cell!r} is none of yes, no, ?, and partly with what there is of it"


def _evidence(text: str) -> list[str]:
    """What is wrong with a test, a script or a command that shows a feature."""
    if command := re.fullmatch(r"gapless render recipe=(\w+)(.*)", text):
        return _command(text, command[1], shlex.split(command[2]))
    if re.fullmatch(r"scripts/\w+\.py", text):
        return [] if (ROOT / text).is_file() else [f"there is no {text}"]
    if test := re.fullmatch(r"(tests/\w+/\w+\.py)(?:::(test_\w+))?", text):
        return _test(test[1], test[2])
    return [f"{text} is no test, script or command"]


def _command(text: str, recipe: str, overrides: list[str]) -> list[str]:
    try:
        recipe_of(recipe, *overrides)
    except (HydraException, InputError) as error:
        return [f"{text} does not compose: {error}"]
    return []


def _test(file: str, name: str | None) -> list[str]:
    if not (ROOT / file).is_file():
        return [f"there is no {file}"]
    tests = names_of_tests(ROOT / file)
    if name is None:
        return [] if tests else [f"{file} has no test"]
    return [] if name in tests else [f"{file} has no test {name}"]
