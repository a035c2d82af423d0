"""The user's git as a program, with nobody's hooks and settings in the way."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

from tiphys.domain.errors import InvalidInput, Unavailable

GIT_NEEDED = (2, 30)
TIMEOUT_SECONDS = 120.0

_VERSION = re.compile(r"git version (\d+)\.(\d+)(\.\d+)*")
# What of the caller's environment git may see: how to reach a remote, and nothing that would send
# it to another repository (GIT_DIR and its kin are set inside hooks).
_ENVIRONMENT = re.compile(
    r"(PATH|HOME|USER|LOGNAME|TMPDIR|XDG_.*|SSH_.*|GIT_SSH.*|GIT_ASKPASS|DISPLAY|SSL_CERT_.*|"
    r"GIT_SSL_.*|(?i:http|https|all|no)_(?i:proxy)|GIT_CONFIG_GLOBAL|GIT_CONFIG_SYSTEM|"
    r"GIT_CONFIG_NOSYSTEM)\Z"
)
_QUIET = ("core.hooksPath=/dev/null", "core.fsmonitor=false", "gc.auto=0", "maintenance.auto=false")
# The token itself stands in no argument, which others on the machine could read.
_TOKEN = "TIPHYS_GIT_TOKEN"  # noqa: S105 -- a variable's name
_SAYING_IT = (
    "credential.helper=",
    f"credential.helper=!f() {{ echo username=tiphys; echo password=${_TOKEN}; }}; f",
)


def git_version() -> str:
    """Version of the git on PATH, for example "2.39.5". Unavailable: missing or too old."""
    needed = ".".join(map(str, GIT_NEEDED))
    try:
        done = subprocess.run(
            ["git", "--version"],
            env=_environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unavailable(f"git {needed} or newer is needed for sync: install git") from error
    found = _VERSION.match(done.stdout)
    if not found:
        raise Unavailable(f"git {needed} or newer is needed for sync: `git --version` is not git's")
    version = found[0].removeprefix("git version ")
    if (int(found[1]), int(found[2])) < GIT_NEEDED:
        raise Unavailable(f"git {needed} or newer is needed for sync, found {version}: upgrade git")
    return version


def git(folder: Path, *arguments: str, token: str = "") -> subprocess.CompletedProcess[str]:
    """Run git on the repository whose git folder that is. Unavailable if it does not end.

    With a `token` that is the password for a remote that asks for one.
    """
    settings = [part for each in (*_QUIET, *(_SAYING_IT if token else ())) for part in ("-c", each)]
    try:
        return subprocess.run(
            ["git", f"--git-dir={folder}", *settings, *arguments],
            env=_environment() | ({_TOKEN: token} if token else {}),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=TIMEOUT_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unavailable(f"git {arguments[0]} did not finish: {error}; try again") from error


def fetch(
    folder: Path, remote: str, refspec: str, *, token: str = ""
) -> subprocess.CompletedProcess[str]:
    """Fetch by just that refspec: no tags, no submodules, and nothing of what is here removed."""
    return git(
        folder, "fetch", "--quiet", "--no-tags", "--no-prune", "--no-recurse-submodules",
        "--no-write-fetch-head", "--refmap=", remote, refspec, token=token,
    )  # fmt: skip


def push(
    folder: Path, remote: str, *refspecs: str, token: str = ""
) -> subprocess.CompletedProcess[str]:
    """Push by just these refspecs, without hooks, and never with force."""
    return git(
        folder, "push", "--no-verify", "--no-follow-tags", "--recurse-submodules=no", "--quiet",
        remote, *refspecs, token=token,
    )  # fmt: skip


def failed(doing: str, done: subprocess.CompletedProcess[str]) -> Unavailable:
    """What to raise where git said no, in its own words."""
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    said = next((li for li in lines if li.startswith(("fatal:", "error:"))), (lines or ["?"])[-1])
    return Unavailable(f"{doing} failed: {said[:300]}; check the remote's name and your access")


def check_remote(remote: str) -> None:
    """InvalidInput for what git would take for an option."""
    if remote.startswith("-") or not remote or not remote.isprintable():
        raise InvalidInput(f"{remote[:80]!r} is not a remote: name one of `git remote`")


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if _ENVIRONMENT.match(name)}
    return kept | {"LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0"}
