"""Make .venv and put the locked requirements into it, unless they are there. Needs the standard library only.

Usage: python3 scripts/install.py [requirements-dev.txt]
Any Python may run this file, old ones included: it looks for one that is new enough.
"""

import hashlib
import os
import shutil
import subprocess
import sys

OLDEST = (3, 11)
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VENV = os.path.join(ROOT, ".venv")
PYTHON = os.path.join(VENV, "bin", "python")
MEGABYTES = {"requirements.txt": 600, "requirements-dev.txt": 1000}
NO_SPACE = "no space left"


def main():
    requirements = (sys.argv[1:] or ["requirements.txt"])[0]
    if sys.version_info < OLDEST:
        return run_with_newer_python()
    if up_to_date(requirements):
        return 0
    check_room(requirements)
    if not works():
        make_venv()
    install(requirements)
    write_stamp(requirements)
    return 0


def run_with_newer_python():
    for minor in range(20, OLDEST[1] - 1, -1):
        found = shutil.which("python3.%d" % minor)
        if found and runs([found, "-c", "import venv, ensurepip"]):
            return subprocess.call([found] + sys.argv)
    return fail(
        "Atrium needs Python %d.%d or newer; this is %s. Install one, or name it: make run PYTHON=/path/to/python3"
        % (OLDEST + (sys.version.split()[0],))
    )


def runs(command):
    return subprocess.call(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) == 0


def works():
    """Whether .venv is whole, new enough, and was made in this place."""
    try:
        with open(os.path.join(VENV, "bin", "activate")) as script:
            in_place = VENV in script.read()
    except OSError:
        return False
    return in_place and runs([PYTHON, "-c", "import pip, sys; sys.exit(sys.version_info < (%d, %d))" % OLDEST])


def stamp_path(requirements):
    return os.path.join(VENV, ".installed-" + requirements)


def fingerprint(requirements):
    """Changes with the lock, and where the folder was moved or the venv made anew."""
    digest = hashlib.sha256(VENV.encode())
    with open(os.path.join(ROOT, requirements), "rb") as lock:
        digest.update(lock.read())
    return digest.hexdigest()


def up_to_date(requirements):
    try:
        with open(stamp_path(requirements)) as stamp:
            return stamp.read() == fingerprint(requirements) and os.path.exists(PYTHON)
    except OSError:
        return False


def write_stamp(requirements):
    """Note what was installed. The development lock holds the other one, with the same versions."""
    for name in {requirements, "requirements.txt"}:
        with open(stamp_path(name), "w") as stamp:
            stamp.write(fingerprint(name))


def check_room(requirements):
    free = shutil.disk_usage(ROOT).free // 2**20
    if free < MEGABYTES[requirements] and not os.path.exists(VENV):
        fail("No room on the disk: %s has %d MB left, and Atrium's packages need %d MB." % (ROOT, free, MEGABYTES[requirements]))


def make_venv():
    say("Making .venv with Python %s…" % sys.version.split()[0])
    shutil.rmtree(VENV, ignore_errors=True)
    made = subprocess.run([sys.executable, "-m", "venv", VENV], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if made.returncode:
        shutil.rmtree(VENV, ignore_errors=True)
        if "ensurepip" in made.stdout:
            fail("This Python cannot make virtual environments. On Debian and Ubuntu: apt install python3-venv")
        fail_with(made.stdout)


def install(requirements):
    """pip, with one line that counts what it has done, and its last words where it fails."""
    with open(os.path.join(ROOT, requirements)) as lock:
        total = sum(1 for line in lock if "==" in line and not line.startswith((" ", "#")))
    say("Installing %d packages from %s…" % (total, requirements))
    options = ["--disable-pip-version-check", "--no-deps", "--progress-bar", "off"]
    command = [PYTHON, "-m", "pip", "install"] + options + ["-r", requirements]
    output = []
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as pip:
        for line in pip.stdout:
            output.append(line)
            if line.startswith(("Collecting", "Requirement already")):
                show("  %d of %d" % (sum(1 for said in output if said.startswith(("Collecting", "Requirement already"))), total))
            elif line.startswith("Installing collected"):
                show("  unpacking…  ")
    show("")
    if pip.returncode:
        fail_with("".join(output))


def show(text):
    if sys.stdout.isatty():
        sys.stdout.write("\r\033[K" + text)
        sys.stdout.flush()


def say(text):
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def fail_with(output):
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    if any(NO_SPACE in line.lower() for line in lines):
        fail("No room on the disk: free some and start again. (%s)" % ROOT)
    errors = [line for line in lines if line.upper().startswith("ERROR")] or lines[-1:] or ["no reason given"]
    fail("The packages could not be installed. %s" % errors[0])


def fail(message):
    sys.stderr.write(message + "\n")
    sys.exit(1)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.stderr.write("\nStopped. The next start goes on from here.\n")
        sys.exit(130)
