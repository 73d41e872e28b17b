"""The chapter of findings is that of the committed tables, and its claims are about runs that exist."""

import math
import re
from dataclasses import replace

import pytest

from experiments import answers, findings
from helpers.processes import ROOT, run_command
from jaxcnn.measures import metric_of

MEASURED = ("accuracy", "loss", "cpu_seconds", "diverged")


def test_the_page_is_that_of_the_committed_tables():
    assert (ROOT / findings.PAGE).read_text() == findings.page(ROOT), "run python -m experiments.findings"


@pytest.mark.parametrize("name", findings.QUESTIONS)
def test_claims_and_references_are_about_variations_that_exist(name):
    sweep = findings.sweep_of(name)
    assert sweep.claims
    assert sweep.seeds >= 3
    for members in sweep.groups.values():
        assert set(members) <= set(sweep.variations)
    assert set(sweep.references) | set(sweep.references.values()) <= set(sweep.variations)
    known = {*sweep.variations, *sweep.groups}
    for claim in sweep.claims:
        assert claim.label in known
        assert claim.reference in {*known, ""}
        assert claim.metric in {"", *sweep.measures} or metric_of(claim.metric) in MEASURED
    assert len({claim.text for claim in sweep.claims}) == len(sweep.claims)


@pytest.mark.parametrize("name", findings.QUESTIONS)
def test_the_verdict_of_an_experiment_is_that_of_its_table(name):
    (verdict,) = re.findall(r"^Verdict +(.*)", findings.caption(name), re.MULTILINE)
    assert verdict == findings.verdict_of(name, ROOT)


@pytest.mark.parametrize("name", findings.QUESTIONS)
def test_variations_have_the_same_seeds(name):
    rows = findings.sweep_of(name).rows()
    seeds = {label: [row.seed for row in rows if row.label == label] for label in findings.sweep_of(name).variations}
    assert len({tuple(each) for each in seeds.values()}) == 1


TABLE = """label,seed,diverged,test_accuracy,cpu_seconds
relu 0.1,0,,0.7,3600
relu 0.1,1,,0.7,7200
tanh 0.1,0,5,,
"""


def test_time_is_estimated_from_what_runs_of_the_variation_took(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "table.csv").write_text(TABLE)
    rows = findings.sweep_of("activations").rows(folder=str(tmp_path))
    relu = next(row for row in rows if row.label == "relu 0.1")
    others = [replace(relu, label="tanh 0.1"), replace(relu, label="new")]
    assert answers._hours(tmp_path / "table.csv", [relu]) == pytest.approx(1.5)
    assert answers._hours(tmp_path / "table.csv", [relu, *others]) == pytest.approx(4.5)
    assert answers._hours(tmp_path / "table.csv", []) == 0
    assert math.isnan(answers._hours(tmp_path / "none.csv", [relu]))


def test_what_is_left_is_told_before_anything_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    told = answers.expected([answers.question("pooling"), answers.question("depth")])
    assert told.startswith("2 questions, 21 of 21 runs left: about 0.0 h")
    assert told.endswith("and nobody knows for pooling, depth")


def test_an_unknown_question_is_one_clear_error(tmp_path):
    result = run_command("experiments.answers", "--only", "dept", cwd=tmp_path)
    assert (result.returncode, "did you mean 'depth'" in result.stderr) == (2, True)
    assert "Traceback" not in result.stderr
