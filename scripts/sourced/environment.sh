# quickstart.sh and test.sh source this file, after jobs.sh. It makes .venv if there is none, and installs the packages of pyproject.toml at the
# versions of constraints.txt. A checksum of these files and of the CPU kernel's sources lets a second run skip the installation.
# Usage: source scripts/sourced/environment.sh [EXTRA]
extra="${1:-}"
find_python() {
    local name
    for name in python3.11 python3.12 python3.10 python3 python; do
        if command -v "$name" >/dev/null && "$name" -c 'import sys; sys.exit(not (3, 10) <= sys.version_info < (3, 13))' 2>/dev/null; then
            echo "$name"
            return
        fi
    done
    echo "error: found no Python 3.10, 3.11 or 3.12 on the PATH (the carla wheel's range): install one of them" >&2
    return 2
}
compile_server() { # compile the stand-in server's numerical code, if that has not been done
    .venv/bin/python -c "from driving.simulator.process import StandinProcess; StandinProcess().close()"
}
if [ ! -x .venv/bin/python ]; then
    python="$(find_python)" || exit 2
    echo "making a virtual environment in .venv with $("$python" --version)"
    job "$python" -m venv .venv
fi
stamp=".venv/installed${extra:+-$extra}"
wanted="$(cat pyproject.toml setup.py constraints.txt policy/kernels/cpu/*.cpp policy/kernels/cpu/*.h 2>/dev/null | cksum)"
if [ "$(cat "$stamp" 2>/dev/null)" != "$wanted" ]; then
    echo "installing the packages pinned in constraints.txt (once; some minutes)"
    pip=(.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-compile -c constraints.txt)
    job "${pip[@]}" --upgrade pip # the one that comes with Python takes three times as long to find the packages
    # What the stand-in server needs comes first: it compiles its numerical code while the large packages are fetched and unpacked.
    if job "${pip[@]}" carla "jsonargparse[signatures,omegaconf]" msgpack numba numpy opencv-python-headless scenariogeneration scipy; then
        compile_server &
        compiling=$!
    fi
    job "${pip[@]}" -e ".${extra:+[$extra]}"
    # Byte code by all cores at once, where pip would use one. Some packages hold templates, which are not Python.
    job .venv/bin/python -m compileall -qq -j 0 -x '/tests/' .venv/lib || true
    [ -z "${compiling:-}" ] || wait "$compiling" || true # where it failed, the first command that needs a server says why
    echo "$wanted" >"$stamp"
fi
export PATH="$PWD/.venv/bin:$PATH"
