"""A table of text, rendered as Markdown, as HTML or in columns for a terminal."""

from collections.abc import Sequence
from dataclasses import dataclass

from jaxcnn.report.markup import to_html


@dataclass(frozen=True)
class Table:
    """The first `text_columns` are aligned left, the others, which hold numbers, right."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    text_columns: int = 1

    def to_markdown(self) -> str:
        written = [[cell.replace("|", "\\|") for cell in row] for row in (self.head, *self.rows)]
        rule = [":--" if column < self.text_columns else "--:" for column in range(len(self.head))]
        return "".join(f"| {' | '.join(row)} |\n" for row in (written[0], rule, *written[1:]))

    def to_html(self) -> str:
        rows = _html_row("th", self.head) + "".join(_html_row("td", row) for row in self.rows)
        return f'<div class="wide"><table>{rows}</table></div>'

    def _repr_html_(self) -> str:
        return self.to_html()


def _html_row(tag: str, row: Sequence[str]) -> str:
    return "<tr>" + "".join(f"<{tag}>{to_html(cell)}</{tag}>" for cell in row) + "</tr>"
