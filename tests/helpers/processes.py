"""Commands that a user types, in processes of their own."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

TINY = [
    *("--model", "quicknet:widths=(4,4,8)", "--data.name", "digits", "--data.validation", "100"),
    *("--batch-size", "32", "--log-every", "10steps", "--evaluate-every", "20steps", "--checkpoint-every", "20steps"),
    *("--no-tensorboard", "--dtype", "float32"),
]
"""Settings that make any experiment small and the same on every processor, for the command line."""


def environment(**changes: str) -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(ROOT), "COLUMNS": "200"} | changes


def run_command(*arguments: str, cwd: Path, timeout: float = 120, **changes: str) -> subprocess.CompletedProcess:
    """`python -m ARGUMENTS` in a fresh process, from the folder `cwd`."""
    command = [sys.executable, "-m", *arguments]
    return subprocess.run(command, cwd=cwd, env=environment(**changes), capture_output=True, text=True, timeout=timeout)
