# ROS 2 Jazzy with nn_perception. Build and run:
#
#   docker build -t nn_perception .
#   docker run --rm -it --network host --ipc host nn_perception \
#     ros2 launch nn_perception perception.launch.py image:=/camera/image_raw
#
# The steps are those of docs/install.md. This file was not built on the machine that nn_perception
# is developed on, which has no Docker engine.
FROM ros:jazzy-ros-base

RUN apt-get update \
 && apt-get install --yes --no-install-recommends \
      build-essential \
      python3-colcon-common-extensions \
      python3-matplotlib \
      python3-opencv \
      python3-pil \
      python3-platformdirs \
      python3-rosdep \
      python3-tqdm \
      python3-venv \
      python3-yaml \
      ros-jazzy-cv-bridge \
      ros-jazzy-diagnostic-msgs \
      ros-jazzy-launch-ros \
      ros-jazzy-vision-msgs \
      ros-jazzy-visualization-msgs \
 && rm -rf /var/lib/apt/lists/*

WORKDIR /ros2_ws
RUN python3 -m venv --system-site-packages venv \
 && touch venv/COLCON_IGNORE \
 && venv/bin/pip install --no-cache-dir 'numpy>=1.24,<2' \
      onnxruntime rosbags rosbags-image safetensors \
# Needed to export networks, not to run them; brings several GB of CUDA libraries.
 && venv/bin/pip install --no-cache-dir 'numpy>=1.24,<2' torch torchvision onnx onnxscript

COPY . src/nn_perception
RUN . /opt/ros/jazzy/setup.sh \
 && colcon build --base-paths src/nn_perception src/nn_perception/nn_perception_interfaces

# Exports and fine-tuned models survive the container when this is a volume.
RUN useradd --create-home --shell /bin/bash robot
USER robot
VOLUME /home/robot
WORKDIR /home/robot

ENTRYPOINT ["/ros2_ws/src/nn_perception/tools/docker_entrypoint.sh"]
CMD ["ros2", "launch", "nn_perception", "perception.launch.py"]
