"""Restarting the process, where its command line reproduces it."""

import os
import sys
import threading

VALUED = ("-W", "-X", "--check-hash-based-pycs")
"""Options of the interpreter that take a value."""


def is_possible() -> bool:
    """Whether running the same command line again gives the same process: a module or a script, started from a shell.

    It does not for a program on standard input or after `-c`, a session, a notebook, a debugger or a thread; nor for a
    program that has already imported JAX, whose work would be done twice.
    """
    if sys.flags.interactive or hasattr(sys, "ps1") or sys.gettrace() is not None:
        return False
    if threading.current_thread() is not threading.main_thread() or threading.active_count() > 1:
        return False
    return "jax" not in sys.modules and _main_is(*_target(sys.orig_argv[1:]))


def restart() -> None:
    sys.stdout.flush()
    sys.stderr.flush()
    os.execv(sys.executable, sys.orig_argv)


def _target(arguments: list[str]) -> tuple[str, str]:
    """("-m", module), ("", script), or ("", "") for anything else."""
    rest = iter(arguments)
    for argument in rest:
        if argument == "-m":
            return "-m", next(rest, "")
        if argument in VALUED:
            next(rest, None)
        elif argument == "-" or argument.startswith("-c"):
            return "", ""
        elif not argument.startswith("-"):
            return "", argument
    return "", ""


def _main_is(kind: str, name: str) -> bool:
    """Whether `__main__` is that module or script; a debugger, a profiler or `%run` puts another one there."""
    main = sys.modules["__main__"]
    spec, file = getattr(main, "__spec__", None), getattr(main, "__file__", None)
    if kind == "-m":
        return spec is not None and spec.name in (name, f"{name}.__main__")
    return bool(name) and file is not None and os.path.isfile(name) and os.path.samefile(name, file)
