"""A disk without room: one message, and nothing that was saved is lost."""

import shlex
import subprocess
import sys

import pytest

import jaxcnn
from helpers.processes import TINY, environment, run_command


@pytest.mark.slow
def test_a_full_disk_is_one_clear_error_and_keeps_the_last_checkpoint(tmp_path):
    arguments = ["experiments.quickstart", *TINY, "--model", "mlp:hidden=(256,)", "--folder", "run"]
    assert run_command(*arguments, "--duration", "20steps", cwd=tmp_path).returncode == 0
    (tmp_path / "run/summary.json").unlink()
    config = tmp_path / "run/config.json"
    config.write_text(config.read_text().replace('"20steps"', '"60steps"', 1))
    limited = f"ulimit -f 200; exec {sys.executable} -m {' '.join(map(shlex.quote, arguments))} --duration 60steps"
    result = subprocess.run(["bash", "-c", limited], cwd=tmp_path, env=environment(), capture_output=True, text=True)
    assert result.returncode == 2, result.stderr
    assert "could not save a checkpoint" in result.stderr
    assert "the last good checkpoint is step 20" in result.stderr
    assert "Traceback" not in result.stderr
    assert jaxcnn.load(tmp_path / "run").step == 20
    assert run_command(*arguments, "--duration", "60steps", cwd=tmp_path).returncode == 0
