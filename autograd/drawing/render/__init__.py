"""Pictures of an outline: DOT, layout, SVG, colours."""
