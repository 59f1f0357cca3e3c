"""What parts leave for the merge: pieces of files, joined in the order of the parts."""

import shutil
from pathlib import Path

from renderer.dataset.exports.format import Target
from renderer.files import atomic_file


def drop_part(target: Target, number: int) -> None:
    """Remove the pieces that an earlier try of a part left, and make the folder for new ones."""
    folder = target.part_path(number, "").parent
    folder.mkdir(parents=True, exist_ok=True)
    for piece in folder.glob(target.part_path(number, "*").name):
        piece.unlink()


def join_pieces(target: Target, parts: int, name: str, path: Path) -> None:
    """Write the pieces of that name to a file, one behind the other."""
    with atomic_file(path) as file:
        for number in range(parts):
            with target.part_path(number, name).open("rb") as piece:
                shutil.copyfileobj(piece, file)


def drop_pieces(target: Target) -> None:
    """Remove what all parts left."""
    shutil.rmtree(target.part_path(0, "").parent)
