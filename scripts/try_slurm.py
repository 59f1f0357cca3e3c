"""Renders by a job array on a SLURM of this machine; one task is cancelled and one requeued in mid-run.

Starts munged, slurmctld and slurmd as they come with Debian, with all their files in a temporary folder, and
stops them in the end. Needs root. Then compares with an unbroken run of one process.

    apt-get install slurmctld slurmd slurm-client munge
    python scripts/try_slurm.py            18 small frames of dice in 3 tasks; four minutes on 2 cores
"""

import argparse
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
from small_runs import LIMIT_S, compare_with_unbroken, recipe_of, said_by, start_gapless

NEEDED = ("munged", "slurmctld", "slurmd", "sbatch", "srun")
CONFIGURATION = """\
ClusterName=trial
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
CredType=cred/munge
AuthInfo=socket={folder}/munge.socket
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
MpiDefault=none
JobRequeue=1
KillWait=5
ReturnToService=2
NodeName={host} NodeAddr=127.0.0.1 CPUs={cores} RealMemory={memory_mb} State=UNKNOWN
PartitionName=trial Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""


def main() -> None:
    """Try it, and exit with 1 where the dataset was not complete or not the same."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--frames", type=int, default=18)
    given = parser.parse_args()
    absent = [name for name in NEEDED if shutil.which(name) is None]
    if absent or os.geteuid() != 0:
        raise SystemExit(f"needs root, and {', '.join(absent) or 'what is there'}; see --help")
    with tempfile.TemporaryDirectory(prefix="gapless-slurm-") as name:
        folder = Path(name)
        with _slurm(folder / "slurm"):
            status = _render_and_disturb(folder, given.frames)
            print("--- the same command again")
            again = start_gapless(*_array(folder, given.frames))
            print(said_by(again))
        print("--- an unbroken run of one process")
        files, different = compare_with_unbroken(folder / "array", given.frames)
    print(f"exit status {status}, then {again.returncode}; {files} files compared, {len(different)} differ")
    print("\n".join(different))
    sys.exit(bool(again.returncode or different))


def _render_and_disturb(folder: Path, frames: int) -> int:
    run = start_gapless(*_array(folder, frames))
    current = folder / "array" / ".slurm" / "array.json"
    _wait(lambda: current.is_file() or run.poll() is not None)
    _wait(lambda: len(list((folder / "array" / "frames").glob("*.json"))) >= 3 or run.poll() is not None)
    first, second, *_ = json.loads(current.read_bytes())["tasks"]
    print(_output("squeue", "--array"))
    for command in (["scancel", second], ["scontrol", "requeue", first]):
        print("$", *command, _output(*command))
    print(_output("squeue", "--array"))
    print(said_by(run))
    print(_output("squeue", "--array", "--states=all", "--format=%i %T %r"))
    return int(run.returncode)


def _array(folder: Path, frames: int) -> list[str]:
    settings = ("task_frames=6", "memory_gb=3", "time_min=30")
    own = [f"execution.slurm.{setting}" for setting in settings]
    return [*recipe_of(frames), f"out={folder / 'array'}", "execution=slurm", "execution.workers=2", *own]


@contextmanager
def _slurm(folder: Path) -> Iterator[None]:
    """A SLURM of one node, whose commands find it by SLURM_CONF."""
    (folder / "state").mkdir(parents=True)
    (folder / "spool").mkdir()
    key = folder / "munge.key"
    key.write_bytes(secrets.token_bytes(128))
    key.chmod(0o400)
    host = socket.gethostname().partition(".")[0]
    memory_mb = psutil.virtual_memory().total // 2**20
    text = CONFIGURATION.format(
        folder=folder, host=host, ports=_free_ports(), cores=os.cpu_count(), memory_mb=memory_mb
    )
    (folder / "slurm.conf").write_text(text)
    os.environ["SLURM_CONF"] = str(folder / "slurm.conf")
    options = ("key-file", "socket", "pid-file", "log-file", "seed-file")
    munge = [f"--{option}={folder / option.replace('-file', '')}" for option in options]
    munge[0], munge[1] = f"--key-file={key}", f"--socket={folder / 'munge.socket'}"
    daemons = []
    try:
        for command in (["munged", "--foreground", "--force", *munge], ["slurmctld", "-D"], ["slurmd", "-D"]):
            with (folder / f"{command[0]}.out").open("wb") as log:
                daemons.append(subprocess.Popen(command, stdout=log, stderr=log))
            _wait((folder / "munge.socket").exists)
        _wait(lambda: "idle" in _output("sinfo", "--noheader", "--format=%T"))
        print(_output("sinfo"))
        yield
    finally:
        for daemon in reversed(daemons):
            daemon.terminate()
            daemon.wait(timeout=60)


def _free_ports() -> list[int]:
    with socket.socket() as one, socket.socket() as two:
        for each in (one, two):
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in (one, two)]


def _output(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return (done.stdout + done.stderr).strip()


def _wait(condition: Callable[[], bool]) -> None:
    started = time.monotonic()
    while not condition():
        if time.monotonic() - started > LIMIT_S:
            raise SystemExit("nothing happened for a long time; see the logs of the daemons")
        time.sleep(0.2)


if __name__ == "__main__":
    main()
