"""Pages as documents: Markdown, HTML, and the formats that programs read."""
