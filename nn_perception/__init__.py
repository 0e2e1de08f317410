"""Image tags, digits, human poses and a classifier fine-tuned on the robot, from camera images."""

__version__ = '0.1.0'
