"""Real faults, through the command line; minutes, not seconds."""

import shlex
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import jax
import pytest

import jaxcnn
from helpers.processes import AT_RENAME, ROOT, TINY, end, prepared, run_command, run_program, wait_until
from helpers.runs import assert_same, newest_state, timeless
from jaxcnn.runs.steps import complete_steps

pytestmark = pytest.mark.slow

OFTEN = [*TINY, "--model", "mlp:hidden=(64,)", "--checkpoint-every", "2steps", "--evaluate-every", "10steps"]
"""A run that is saving most of the time."""

CACHED = {"JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0"}
"""A restart is mostly compilation."""

KILLED = """
import os, signal, sys

left, saved = int(os.environ["MOMENT"]), False

def watch(event, arguments):
    global left, saved
    if event not in ("open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "shutil.rmtree"):
        return
    place = str(arguments[1 if event == "os.rename" else 0])
    if saved and "/checkpoints/" in place:
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
    saved |= event == "os.rename" and os.path.basename(os.path.dirname(place)) == "checkpoints"

sys.addaudithook(watch)
"""
"""The process kills itself before the MOMENT-th file that it touches in its checkpoints after its first save."""


def endless(folder: str, *arguments: str) -> list[str]:
    return ["experiments.quickstart", *OFTEN, *arguments, "--folder", folder]


def assert_same_end(first: Path, second: Path) -> None:
    (step, ours), (other, theirs) = newest_state(first), newest_state(second)
    assert step == other
    assert len(jax.tree.leaves(ours)) > 10
    assert_same(ours, theirs)
    summaries = [jaxcnn.load(path).metrics for path in (first, second)]
    assert timeless(summaries[0]) == timeless(summaries[1])


def test_a_run_killed_at_twenty_moments_of_its_saves_ends_as_the_unbroken_one(tmp_path):
    duration, broken, half_saved = ("--duration", "120steps"), tmp_path / "broken", 0
    whole = run_command(*endless("unbroken", *duration), cwd=tmp_path)
    assert whole.returncode == 0, whole.stderr
    command = endless("broken", *duration)
    for moment in range(1, 21):  # of the old checkpoint's removal and of the second save, which touches about twenty
        killed = run_program(prepared(KILLED, *command), tmp_path, MOMENT=str(moment), **CACHED)
        assert killed.returncode == -signal.SIGKILL, killed.stderr
        half_saved += any(not p.name.isdigit() for p in (broken / "checkpoints").iterdir())
    assert half_saved > 10
    last = run_command(*command, cwd=tmp_path)
    assert last.returncode == 0, last.stderr
    assert "resumed at step" in last.stderr
    assert_same_end(tmp_path / "unbroken", broken)
    assert [p.name for p in (broken / "checkpoints").iterdir() if not p.name.isdigit()] == []


FIRST_SIGNAL = """
from pathlib import Path
from jaxcnn.console.signals import Stop

receive = Stop._receive

def told(self, number, frame):
    receive(self, number, frame)
    Path("first signal").touch()

Stop._receive = told
"""

IN_A_SAVE = AT_RENAME.format(
    then="""
        if os.path.basename(os.fspath(arguments[1])) == "4":
            open("in a save", "w").close()
            __import__("threading").Event().wait()
"""
)
"""The second save of a run never ends."""


def test_a_second_ctrl_c_ends_a_run_within_a_save_and_what_was_saved_stays(start, tmp_path):
    command = endless("run", "--duration", "1000000steps")
    process = start(prepared(FIRST_SIGNAL + IN_A_SAVE, *command))
    for event in ("in a save", "first signal"):
        wait_until((tmp_path / event).exists, process)
        process.send_signal(signal.SIGINT)
    status, _, errors = end(process)
    assert status == -signal.SIGINT, errors
    assert "Traceback" not in errors
    assert jaxcnn.load(tmp_path / "run").step == 2


def mounted(tmp_path: Path, mount: str, command: str) -> subprocess.CompletedProcess:
    """Runs `command` where `mount` was done, in a name space of mounts that ends with it."""
    if subprocess.run(["unshare", "-rm", "true"], capture_output=True).returncode:
        pytest.skip("this machine lets no process mount anything (unshare -rm)")
    script = f"cd {tmp_path} && {mount} && cd {tmp_path} && {command}"
    return run_program(["unshare", "-rm", "bash", "-c", script], tmp_path)


def command(*arguments: str) -> str:
    return shlex.join([sys.executable, "-m", "experiments.quickstart", *TINY, *arguments])


def test_a_full_disk_is_one_message_and_with_room_again_the_run_goes_on(tmp_path):
    (tmp_path / "disk").mkdir()
    (tmp_path / "kept").mkdir()
    run = command("--model", "mlp:hidden=(128,)", "--duration", "100000steps", "--folder", "disk/run", "--keep", "9")
    script = f"{run}; echo status $?; cp -r disk/run kept"
    result = mounted(tmp_path, "mount -t tmpfs -o size=12m tmpfs disk", script)
    assert "status 2" in result.stdout, result.stderr
    assert "could not save a checkpoint" in result.stderr or "cannot write" in result.stderr
    assert "Traceback" not in result.stderr
    assert len(complete_steps(tmp_path / "kept/run/checkpoints")) > 2
    assert jaxcnn.load(tmp_path / "kept/run").step == complete_steps(tmp_path / "kept/run/checkpoints")[-1]


def test_a_read_only_run_can_be_loaded_and_not_trained_on(tmp_path):
    arguments = ("experiments.quickstart", *TINY, "--duration", "20steps", "--folder", "run")
    assert run_command(*arguments, cwd=tmp_path).returncode == 0
    (tmp_path / "run/summary.json").unlink()
    load = shlex.join([sys.executable, "-c", "import jaxcnn; print('loaded', jaxcnn.load('run').step)"])
    train = command("--duration", "20steps", "--folder", "run")
    again = command("--duration", "20steps", "--folder", "run/inner")
    read_only = "mount --bind run run && mount -o remount,ro,bind run"
    result = mounted(tmp_path, read_only, f"{load}; {train}; echo status $?; {again}; echo status $?")
    assert "loaded 20" in result.stdout, result.stderr
    assert result.stdout.count("status 2") == 2, result.stderr
    assert result.stderr.count("cannot write to run") == 2
    assert "Read-only file system; choose another with --folder" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_checkpoint_of_eight_devices_goes_on_with_one(tmp_path):
    arguments = ("experiments.quickstart", *TINY, "--duration", "20steps", "--folder", "run")
    eight = run_command(*arguments, "--devices", "8", cwd=tmp_path)
    assert eight.returncode == 0, eight.stderr
    step, variables = jaxcnn.load(tmp_path / "run").step, jaxcnn.load(tmp_path / "run").variables
    (tmp_path / "run/summary.json").unlink()
    one = run_command(*arguments, cwd=tmp_path)
    assert "resumed at step 20" in one.stderr
    again = jaxcnn.load(tmp_path / "run")
    assert (step, again.step) == (20, 20)
    assert_same(variables, again.variables)


def test_a_checkpoint_written_with_the_oldest_python_and_jax_is_read_by_this_one(tmp_path):
    python = ROOT / ".venv-python3.11/bin/python"
    if not python.exists():
        pytest.skip("no .venv-python3.11: make test PYTHON=python3.11 ARGS=tests/test_rules.py makes it")
    arguments = ["-m", "experiments.quickstart", *TINY, "--duration", "40steps", "--folder", "run"]
    written = run_program([python, *arguments], tmp_path)
    assert written.returncode == 0, written.stderr
    run = jaxcnn.load(tmp_path / "run")
    assert run.step == 40
    (tmp_path / "run/summary.json").unlink()
    shutil.rmtree(tmp_path / "run/checkpoints/40")
    result = run_command(*arguments[1:], cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert "resumed at step 20" in result.stderr
    closest = jaxcnn.load(tmp_path / "run").metrics["test_accuracy"]
    assert abs(closest - run.metrics["test_accuracy"]) < 0.1
