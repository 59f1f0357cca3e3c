"""Where the small data files of the package lie."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[1]
ASSET_ROOTS = (_PACKAGE / "_data" / "assets", _PACKAGE.parent / "assets")
"""An installed wheel's copy first, then the checkout's top-level folder."""


def asset_path(relative: str) -> Path:
    """The absolute path of an asset such as `fonts/STIXGeneralBol.ttf`.

    Raises:
        FileNotFoundError: no such asset in the wheel nor in the checkout.
    """
    for root in ASSET_ROOTS:
        path = root / relative
        if path.is_file():
            return path
    searched = " or ".join(str(root) for root in ASSET_ROOTS)
    raise FileNotFoundError(
        f"asset {relative!r} must exist in {searched}; reinstall gapless or complete the checkout"
    )
