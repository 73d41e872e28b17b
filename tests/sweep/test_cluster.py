"""The same sweep as jobs of submitit's local executor."""

import pytest

from helpers.processes import run_command
from helpers.trial import TRIAL
from jaxcnn.errors import UserError
from jaxcnn.report.tables import from_csv
from jaxcnn.sweep.cluster import submitter


@pytest.mark.slow
def test_a_sweep_runs_as_jobs_and_reports_their_failures(tmp_path):
    (tmp_path / "trial.py").write_text(TRIAL)
    result = run_command("trial", "--cluster", "local", cwd=tmp_path)
    assert result.returncode == 1
    assert "wrong (seed 0) failed: batch_size 5000 is larger" in result.stderr
    good, huge = from_csv((tmp_path / "runs/sweep-trial/table.csv").read_text())
    assert good["n"] == "1"
    assert huge["diverged"].startswith("diverged at step")


def test_a_bad_cluster_is_one_clear_error(tmp_path):
    with pytest.raises(UserError, match="cannot submit to slurm"):
        submitter("slurm", tmp_path, {})


def test_a_bad_cluster_option_is_one_clear_error(tmp_path):
    with pytest.raises(UserError, match=r"cannot submit to local: .*timeout_minutes"):
        submitter("local", tmp_path, {"timeout_minutes": 3})
