"""The account of a run: counts, stages and failures add up, and go to JSON."""

import json

from hypothesis import given
from hypothesis import strategies as st

from renderer.execution.account import Account
from renderer.execution.work import Done, Lost, Retried, Started

seconds = st.dictionaries(st.sampled_from(["trace", "label", "write"]), st.floats(0, 100))
dones = st.builds(Done, frame=st.integers(0, 99), status=st.sampled_from(["ok", "rejected"]), seconds=seconds)
failures = st.builds(Retried, frame=st.integers(0, 99), reason=st.text()) | st.builds(
    Lost, frame=st.integers(0, 99), reason=st.text(), details=st.text()
)


def account_of(events: list, wanted: int = 200, there: int = 7) -> Account:
    account = Account(wanted=wanted, there=there)
    for event in events:
        account.add(event)
    return account


@given(st.lists(dones | failures))
def test_counts_and_seconds_add_up(events):
    account = account_of(events)
    report = json.loads(json.dumps(account.report("complete", None)))
    done = [event for event in events if isinstance(event, Done)]
    assert report["frames"] == {
        "wanted": 200,
        "there": 7,
        "rendered": len(done),
        "rejected": sum(event.status == "rejected" for event in done),
        "lost": sum(isinstance(event, Lost) for event in events),
    }
    assert account.done == 7 + len(done)
    for stage, spent in report["stages"].items():
        assert spent["total_s"] == sum(event.seconds.get(stage, 0.0) for event in done)


def test_frames_whose_time_is_unknown_do_not_lower_the_mean():
    timed = [Done(frame=n, status="ok", seconds={"trace": 4.0}) for n in (0, 1)]
    untimed = Done(frame=2, status="ok", seconds={})
    assert account_of([*timed, untimed]).means() == {"trace": 4.0}


def test_report_names_the_crew_and_every_failure():
    account = account_of(
        [
            Started(workers=2, threads=4, gpus=["0", "1"]),
            Retried(frame=3, reason="hung", details="Traceback"),
            Lost(frame=3, reason="hung again"),
        ]
    )
    report = account.report("failed", "frame 3 failed twice")
    assert (report["workers"], report["threads"], report["gpus"]) == (2, 4, ["0", "1"])
    assert report["retried"] == [{"frame": 3, "reason": "hung", "details": "Traceback"}]
    assert report["lost"] == [{"frame": 3, "reason": "hung again", "details": ""}]
    assert (report["status"], report["error"]) == ("failed", "frame 3 failed twice")


def test_note_says_how_often_it_failed():
    assert account_of([]).note() == ""
    assert account_of([Retried(frame=1, reason="hung")]).note() == "1 failure"
    done = [Done(frame=n, status="ok", seconds={}) for n in range(3)]
    assert account_of([*done, Lost(frame=1, reason="hung")]).note().endswith(" frames/s, 1 failure")
