"""The test of colors through its command."""

from helpers.processes import run_command


def test_only_a_colorizer_is_asked(tmp_path):
    result = run_command("experiments.color_test", "pretrained:quicknet", cwd=tmp_path)
    assert result.returncode == 2
    assert "has the task classification: name a run of the task colorize" in result.stderr
    assert "Traceback" not in result.stderr
