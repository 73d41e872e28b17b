import os
import pty
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from helpers.processes import PATIENCE, environment, wait_until
from jaxcnn.console.signals import EXIT_STATUS, IMPATIENT, Stop, Stopped


@pytest.mark.parametrize("number", EXIT_STATUS)
def test_the_first_signal_is_kept_and_only_an_impatient_second_one_ends_the_process(number):
    before = {each: signal.getsignal(each) for each in EXIT_STATUS}
    with Stop() as stop:
        assert stop.received is None
        signal.raise_signal(number)
        assert stop.received == number
        after = {each: signal.getsignal(each) for each in EXIT_STATUS}
    assert after == {each: signal.SIG_DFL if each in IMPATIENT else signal.SIG_IGN for each in EXIT_STATUS}
    assert before == {each: signal.getsignal(each) for each in EXIT_STATUS}
    assert Stopped(number, "").status == 128 + number


def test_in_a_thread_no_handler_is_installed():
    kept = {}

    def run():
        with Stop():
            kept.update({number: signal.getsignal(number) for number in EXIT_STATUS})

    before = {number: signal.getsignal(number) for number in EXIT_STATUS}
    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert kept == before


def test_under_nohup_a_closed_terminal_is_nothing():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with Stop() as stop:
            signal.raise_signal(signal.SIGHUP)
            assert stop.received is None
    finally:
        signal.signal(signal.SIGHUP, before)


SAVE = """
import os, pathlib, sys, time

os.open(os.ttyname(0), os.O_RDWR)  # the first terminal that a session opens is the one it belongs to
from jaxcnn.console.progress import ProgressBar
from jaxcnn.console.signals import Stop
from jaxcnn.console.terminal import console, say

assert console.is_terminal
with Stop() as stop, ProgressBar(1000, 0, 32) as bar:
    pathlib.Path("ready").touch()
    while stop.received is None:
        time.sleep(0.01)
    for step in range(100):
        bar.update(step, "on a terminal that is gone")
        say("saving")
        print("as is its output", flush=True)
    pathlib.Path("saved").write_text(stop.received.name)
"""


def test_what_is_saved_after_a_terminal_was_closed_is_saved_whole(tmp_path: Path):
    terminal, end = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", SAVE],
        stdin=end,
        stdout=end,
        stderr=end,
        cwd=tmp_path,
        env=environment(TERM="xterm"),
        start_new_session=True,
        text=True,
    )
    os.close(end)
    with process:
        wait_until((tmp_path / "ready").exists, process)
        os.close(terminal)
        assert process.wait(PATIENCE) == 0
    assert (tmp_path / "saved").read_text() == "SIGHUP"
