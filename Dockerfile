# ROS 2 Jazzy with nn_perception, by the steps of docs/install.md. Build and run:
#
#   docker build --tag nn_perception .
#   docker run --rm -it --network host --ipc host --volume nn_perception:/home/robot nn_perception \
#     ros2 launch nn_perception perception.launch.py image:=/camera/image_raw
#
# This file was not built on the machine where nn_perception is developed, which has no Docker engine.
FROM ros:jazzy-ros-base

WORKDIR /ros2_ws
# Only what rosdep reads: a change of the code must not install everything again.
COPY package.xml src/nn_perception/
COPY nn_perception_interfaces/package.xml src/nn_perception/nn_perception_interfaces/
RUN apt-get update \
 && apt-get install --yes --no-install-recommends \
      build-essential \
      python3-colcon-common-extensions \
      python3-venv \
 && rosdep update --rosdistro jazzy \
 && rosdep install --from-paths src src/nn_perception/nn_perception_interfaces --ignore-src -y \
      --dependency-types buildtool --dependency-types build --dependency-types exec \
 && rm -rf /var/lib/apt/lists/*

RUN python3 -m venv --system-site-packages venv \
 && touch venv/COLCON_IGNORE \
 && venv/bin/pip install --no-cache-dir 'numpy>=1.24,<2' onnxruntime safetensors soundfile rosbags-image
# To export networks, not to run them. Installs several GB of CUDA libraries, unless the options
# name an index with CPU wheels: --build-arg TORCH_PIP_OPTIONS='--extra-index-url ...'.
ARG TORCH_PIP_OPTIONS=
RUN venv/bin/pip install --no-cache-dir ${TORCH_PIP_OPTIONS} \
      'numpy>=1.24,<2' 'torch>=2.6' torchvision 'onnx>=1.21' onnxscript

COPY . src/nn_perception
RUN . /opt/ros/jazzy/setup.sh \
 && colcon build --base-paths src/nn_perception src/nn_perception/nn_perception_interfaces

# The home directory holds exported networks, data sets and fine-tuned models.
RUN useradd --create-home --shell /bin/bash robot
USER robot
WORKDIR /home/robot
VOLUME /home/robot

ENTRYPOINT ["/ros2_ws/src/nn_perception/tools/docker_entrypoint.sh"]
CMD ["ros2", "launch", "nn_perception", "perception.launch.py"]
