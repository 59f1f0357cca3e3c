#!/usr/bin/env bash
# Sets gapless up in a clean clone: .venv with every locked package, and the project itself (editable).
#
#   scripts/setup.sh                     set up; returns at once when nothing has changed
#   scripts/setup.sh --missing-packages  only print the Debian packages that Blender lacks on this machine
#
# PYTHON=/path/to/python3.11 chooses the interpreter. pip's own settings (PIP_*, pip.conf) are honoured.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly VENV=.venv
readonly STAMP=$VENV/.gapless-ready            # holds the key of what is installed
readonly INSTALLING=$VENV/.gapless-installing  # holds the process that installs; one left behind was interrupted
readonly LOG=$VENV/gapless-setup.log
readonly NEEDED_GB=8

say() { printf 'gapless setup: %s\n' "$*"; }
die() { printf 'gapless setup: %s\n' "$*" >&2; exit 2; }

is_python311() {
    [ "$("$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)" = 3.11 ]
}

how_to_get_python() {
    if [ "$(uname -s)" = Darwin ]; then
        echo 'brew install python@3.11'
    elif grep -qs '^VERSION_CODENAME=bookworm' /etc/os-release; then  # the one release that packages 3.11
        echo 'sudo apt-get install -y python3.11 python3.11-venv'
    else
        # shellcheck disable=SC2016  # to be typed by the user
        echo 'pipx install uv && uv python install 3.11, then: make demo PYTHON=$(uv python find 3.11)'
    fi
}

find_python() {
    local candidate
    if [ -n "${PYTHON:-}" ]; then
        is_python311 "$PYTHON" || die "PYTHON must be a Python 3.11 (Blender 4.2 runs on no other), got $PYTHON. Get one: $(how_to_get_python)"
        command -v "$PYTHON"
        return
    fi
    for candidate in python3.11 python3 python; do  # run each: a pyenv shim exists even where it finds nothing
        if is_python311 "$candidate"; then
            command -v "$candidate"
            return
        fi
    done
    die "Python 3.11 is missing (Blender 4.2 runs on no other). Get it: $(how_to_get_python)"
}

check_venv_module() {
    "$1" -c 'import ensurepip, venv' 2>/dev/null && return
    if [ -e /etc/debian_version ]; then
        die "$1 has no venv module. Get it: sudo apt-get install -y python3.11-venv"
    fi
    die "$1 has no venv module. Get a whole Python: $(how_to_get_python)"
}

check_platform() {
    case "$(uname -s) $(uname -m)" in
        'Linux x86_64' | 'Darwin arm64') ;;
        *) die "Blender 4.2 and PyTorch must both have packages for this machine, got $(uname -s) $(uname -m). They have for Linux x86_64 and macOS arm64" ;;
    esac
}

# Loads every shared library that the wheels of Blender and OpenCV link and do not carry.
missing_packages() {
    "$1" - <<'EOF_PYTHON'
import ctypes, sys

PACKAGE_OF_LIBRARY = {
    "libX11.so.6": "libx11-6",
    "libXrender.so.1": "libxrender1",
    "libXxf86vm.so.1": "libxxf86vm1",
    "libXfixes.so.3": "libxfixes3",
    "libXi.so.6": "libxi6",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libSM.so.6": "libsm6",
    "libICE.so.6": "libice6",
    "libGL.so.1": "libgl1",
    "libgomp.so.1": "libgomp1",
    "libgthread-2.0.so.0": "libglib2.0-0",
}

def loads(library):
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True

if sys.platform == "linux":
    print(*(package for library, package in PACKAGE_OF_LIBRARY.items() if not loads(library)))
EOF_PYTHON
}

check_libraries() {
    local missing
    missing=$(missing_packages "$1")
    [ -z "$missing" ] || die "Blender needs system libraries that are missing: $missing. Get them: sudo apt-get install -y $missing"
}

check_disk() {
    local free_gb
    free_gb=$(df -Pk . | awk 'NR == 2 { print int($4 / 1024 / 1024) }')
    [ "$free_gb" -ge $NEEDED_GB ] || die "$PWD must have $NEEDED_GB GB free, has $free_gb GB"
}

# What the environment must hold, and where: a moved one has dead paths in it.
key() {
    "$1" -c '
import hashlib, pathlib, sys
content = b"".join(pathlib.Path(name).read_bytes() for name in ("requirements.lock", "pyproject.toml"))
print(hashlib.sha256(content).hexdigest(), pathlib.Path.cwd())'
}

is_ready() {
    [ -e $STAMP ] && [ -x $VENV/bin/python ] && [ "$(key $VENV/bin/python 2>/dev/null)" = "$(cat $STAMP)" ]
}

# Leaves a .venv into which pip can install: what another program made is kept, what was interrupted or moved is not.
prepare_venv() {
    local python=$1 installer
    if [ -e $INSTALLING ]; then
        installer=$(cat $INSTALLING)
        if [ -n "$installer" ] && kill -0 "$installer" 2>/dev/null; then
            die "another set-up is at work here (process $installer). Wait for it; if there is none, remove $VENV"
        fi
        say "an earlier set-up was interrupted: starting over"
        rm -rf $VENV
    elif [ -e $STAMP ] && [ "$(cut -d ' ' -f 2- $STAMP)" != "$PWD" ]; then
        say "this folder was moved: making $VENV anew"
        rm -rf $VENV
    fi
    if [ -e $VENV ]; then
        is_python311 $VENV/bin/python || die "$VENV must hold a Python 3.11. Remove it and try again: rm -rf $VENV"
        say "bringing $VENV up to date. Log: $LOG"
        echo $$ > $INSTALLING
    else
        check_disk
        say "installing Blender, PyTorch and the rest into $VENV, with $("$python" -V) ($python)"
        say "about 7 GB on disk, 3 GB to download; minutes, depending on the network. Log: $LOG"
        mkdir $VENV
        echo $$ > $INSTALLING
        "$python" -m venv $VENV
    fi
    rm -f $STAMP
}

# Turns pip's output into a few lines: the large downloads and the unpacking are what takes the time.
show_progress() {
    local line count=0
    while IFS= read -r line; do
        case $line in
            Collecting* | Processing*) count=$((count + 1)) ;;
            *Downloading*[0-9][0-9][0-9].[0-9]' MB)'* | *Downloading*' GB)'*) say "  downloading ${line##*Downloading }" ;;
            'Installing collected packages'*) [ $count -lt 9 ] || say "  unpacking $count packages: the longest step" ;;
        esac
    done
}

run_pip() {
    PIP_USER=0 $VENV/bin/python -m pip install --progress-bar off "$@" 2>&1 | tee -a $LOG | show_progress && return
    printf 'gapless setup: pip failed. Its last words (all of them: %s):\n' "$PWD/$LOG" >&2
    tail -n 5 $LOG | cut -c 1-300 >&2
    die "when the cause is gone (often the network, or the disk), run the same command again"
}

install_all() {
    # setuptools first: the two packages that come as source only are then built with the locked one
    awk '/^[a-z]/ { keep = /^setuptools==/ } keep' requirements.lock > $VENV/setuptools.lock
    run_pip --require-hashes -r $VENV/setuptools.lock
    run_pip --require-hashes --no-build-isolation --use-pep517 -r requirements.lock
    run_pip --no-deps --no-build-isolation -e .
    $VENV/bin/python -c 'import bpy, cv2' 2>>$LOG || die "Blender does not start: $(tail -n 1 $LOG)"
}

main() {
    local python
    if [ "${1:-}" = --missing-packages ]; then
        python=$(find_python)
        missing_packages "$python"
        return
    fi
    if [ -z "${PYTHON:-}" ] && is_ready; then
        check_libraries $VENV/bin/python
        return
    fi
    python=$(find_python)
    check_platform
    check_venv_module "$python"
    check_libraries "$python"
    if is_ready; then return; fi
    trap 'echo >&2; say "stopped. The same command starts over" >&2; exit 130' INT TERM
    prepare_venv "$python"
    install_all
    key $VENV/bin/python > $STAMP
    rm -f $INSTALLING
    say "ready after $SECONDS s"
}

main "$@"
