"""Ctrl-C and SIGTERM: one sentence, one report, and no second thoughts."""

import json
import signal
import subprocess
import sys
import threading

import pytest

from renderer.commands.interruption import Interrupted, interruptible
from renderer.commands.run_report import reporting
from renderer.errors import StoreError
from renderer.execution.account import Account


@pytest.fixture(autouse=True)
def handlers():
    """Put back the handlers of signals, which an interrupted command leaves ignored."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield before
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=str)
def test_signal_ends_the_command_with_its_status(number, status):
    with pytest.raises(Interrupted) as raised, interruptible():
        signal.raise_signal(number)
    assert raised.value.status == status


def test_more_signals_do_not_disturb_the_cleaning_up():
    cleaned = []

    def work() -> None:
        try:
            signal.raise_signal(signal.SIGINT)
        finally:
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGTERM)
            cleaned.append(True)

    with pytest.raises(Interrupted), interruptible():
        work()
    signal.raise_signal(signal.SIGINT)  # nor do they after it
    assert cleaned == [True]


def test_handlers_are_put_back_after_work_that_ended_by_itself(handlers):
    with interruptible():
        assert signal.getsignal(signal.SIGINT) is not handlers[signal.SIGINT]
    assert {number: signal.getsignal(number) for number in handlers} == handlers


def test_signals_that_were_ignored_stay_so():
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with interruptible():
        signal.raise_signal(signal.SIGINT)


def test_thread_that_cannot_have_handlers_works_without():
    done = []

    def work() -> None:
        with interruptible():
            done.append(True)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert done == [True]


def test_interrupted_run_says_how_far_it_came_and_so_does_its_report(tmp_path):
    with pytest.raises(Interrupted) as raised, reporting(Account(wanted=9, there=4), tmp_path / "run.json"):
        raise Interrupted(signal.SIGINT)
    said = json.loads((tmp_path / "run.json").read_bytes())
    assert (
        str(raised.value) == said["error"] == "interrupted with 4 of 9 frames done; the same command goes on"
    )
    assert said["status"] == "interrupted"


def test_run_that_failed_keeps_its_error_where_its_report_cannot_be_written(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with (
        pytest.raises(StoreError, match="the disk is full"),
        reporting(Account(wanted=9, there=4), tmp_path / "file" / "run.json"),
    ):
        raise StoreError("the disk is full")


def test_command_prints_one_sentence_and_exits_with_the_status_of_the_signal():
    code = (
        "import signal, sys, types\n"
        "from renderer.commands import main\n"
        "from renderer.commands.interruption import Interrupted\n"
        "def run(arguments): raise Interrupted(signal.SIGTERM)\n"
        "sys.modules['renderer.commands.render'] = types.SimpleNamespace(run=run)\n"
        "sys.argv[1:] = ['render']\n"
        "main.main()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 143
    assert done.stderr == "gapless: interrupted; run the same command again to go on\n"
