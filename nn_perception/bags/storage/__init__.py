"""The files of recorded bags: MCAP, sqlite3 and ROS 1, read within limits, and written."""
