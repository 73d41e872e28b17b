"""The docstring of an experiment as paragraphs of a page."""

from jaxcnn.report.page import _about


def test_lines_of_a_paragraph_are_one_and_named_paragraphs_their_own():
    docstring = "Which?\n\nA line\nand its rest.\n\nExpectation  Much,\n             or more.\nCommand      make it\n"
    assert _about(docstring, "") == (
        "<p>Which?</p><p>A line and its rest.</p><p><b>Expectation</b> Much, or more.</p><p><b>Command</b> make it</p>"
    )
