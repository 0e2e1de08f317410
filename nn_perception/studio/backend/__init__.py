"""What the page needs from the robot."""
