"""`run.json`: how a run went, for machines. It differs from run to run, and is no part of the dataset."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from renderer.commands.interruption import Interrupted
from renderer.errors import StoreError
from renderer.execution.account import Account
from renderer.files import write_json

COMPLETE, INTERRUPTED, FAILED = "complete", "interrupted", "failed"


@contextmanager
def reporting(account: Account, path: Path) -> Iterator[None]:
    """Write the report of a run at its end, however it ends; what interrupts it says how far it came.

    Raises:
        StoreError: the report of a run that went well cannot be written.
    """
    try:
        yield
    except Interrupted as error:
        error.args = (
            f"interrupted with {account.done} of {account.wanted} frames done; the same command goes on",
        )
        _write_in_vain(account, path, INTERRUPTED, error)
        raise
    except BaseException as error:
        _write_in_vain(account, path, FAILED, error)
        raise
    write_json(path, account.report(FAILED if account.lost else COMPLETE, None))


def _write_in_vain(account: Account, path: Path, status: str, error: BaseException) -> None:
    """Write the report if that can be done: what ended the run may prevent it, and matters more."""
    with suppress(StoreError):
        write_json(path, account.report(status, str(error) or type(error).__name__))
