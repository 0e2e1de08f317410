"""Frames from photographs, video files, recorded bags and webcams."""
