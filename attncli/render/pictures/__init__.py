"""Pages as pictures: SVG and PNG."""
