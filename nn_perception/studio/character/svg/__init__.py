"""SVG files of strangers, read into plain numbers and colours."""
