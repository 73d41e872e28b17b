"""Text as HTML."""

import html
import re


def to_html(text: str) -> str:
    """Escaped, with what stands in backticks as code."""
    return re.sub(r"`([^`\n]+)`", r"<code>\1</code>", html.escape(text))
