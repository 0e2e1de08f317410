#!/usr/bin/env bash
# Run a command in the environment of the workspace: ROS, the virtual environment, the package.
set -e
source /opt/ros/jazzy/setup.bash
source /ros2_ws/venv/bin/activate
source /ros2_ws/install/setup.bash
exec "$@"
