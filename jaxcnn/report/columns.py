"""Text in columns, for tables of any width: numbers to the right, words to the left."""

from collections.abc import Sequence


def columns(head: Sequence[str], rows: Sequence[Sequence[str | int]]) -> str:
    """Lines of aligned columns; whole numbers get separators of thousands."""
    numeric = [all(isinstance(row[i], int) or not row[i] for row in rows) for i in range(len(head))]
    cells = [list(head), *([f"{cell:,}" if isinstance(cell, int) else cell for cell in row] for row in rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(head))]
    lines = [
        "  ".join(
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(row, widths, numeric, strict=True)
        ).rstrip()
        for row in cells
    ]
    return "\n".join(lines)
