"""Build and install the package, with colcon or with pip."""

from glob import glob
from os.path import isfile

from setuptools import find_packages, setup

package_name = 'nn_perception'

setup(
    name=package_name,
    version='0.1.0',
    description=(
        'Image tags, digits, human poses, sounds, and classifiers fine-tuned on the robot.'
    ),
    url='https://github.com/nn-perception/nn_perception',
    maintainer='nn_perception maintainers',
    maintainer_email='maintainers@users.noreply.github.com',
    license='Apache-2.0',
    packages=find_packages(include=[package_name, f'{package_name}.*']),
    package_data={
        package_name: [
            'py.typed',
            'weights/*',
            'samples/*',
            'samples/*/*',
            'ros/process/*.xml',
            'training/export/programs/*',
            'studio/*.css',
            'studio/*.svg',
            'studio/*/*.css',
            'studio/*/*/*.css',
            'studio/*/*.js',
            'studio/*/*/*.js',
            'studio/*/*/*/*.js',
            'studio/*/figures/*.svg',
        ]
    },
    data_files=[
        ('share/ament_index/resource_index/packages', [f'resource/{package_name}']),
        (f'share/{package_name}', ['package.xml']),
        (f'share/{package_name}/launch', sorted(glob('launch/*.py'))),
        (f'share/{package_name}/config', sorted(filter(isfile, glob('config/*')))),
        (f'share/{package_name}/config/sros2', sorted(glob('config/sros2/*'))),
        (f'share/{package_name}/systemd', sorted(glob('systemd/*'))),
        (f'share/{package_name}/worlds', sorted(glob('worlds/*'))),
    ],
    zip_safe=False,
    python_requires='>=3.10',
    install_requires=[
        "backports.zstd; python_version < '3.14'",
        'lz4',
        'matplotlib>=3.5',
        'numpy>=1.24,<3',
        # Earlier versions have known holes (CVE-2026-34445, CVE-2025-51480 and others).
        'onnx>=1.21',
        'onnxruntime>=1.18',
        'onnxscript',
        # The same cv2 as opencv-python, which does not import on a machine without a display.
        # 4.10 and 4.11 write where a JPEG 2000 file says (CVE-2025-53644).
        'opencv-python-headless>=4.12',
        # The decoder of PSD files (CVE-2026-25990).
        'pillow>=12.1.1',
        'platformdirs',
        # yaml.full_load runs code (CVE-2020-14343).
        'pyyaml>=5.4',
        'rosbags>=0.11',
        'rosbags-image>=0.10',
        'safetensors',
        # MP3 needs the libsndfile of this version or a later one.
        'soundfile>=0.12',
        # A file can run code although torch is told to load weights only (CVE-2025-32434).
        'torch>=2.6',
        'torchvision>=0.21',
        'tqdm',
    ],
    extras_require={
        # Microphones of this machine; needs PortAudio (Debian: libportaudio2).
        'microphone': ['sounddevice'],
        # The page.
        'studio': ['nicegui>=3.18,<4'],
        'test': [
            'mcap',
            'mcap-ros2-support',
            'nicegui>=3.18,<4',
            'playwright',
            'pycocotools',
            'pytest',
            'pytest-xdist',
        ],
    },
    entry_points={
        'console_scripts': [
            'nn_perception = nn_perception.cli.main:main',
            'tagger = nn_perception.ros.process.entry_points:tagger',
            'digit_reader = nn_perception.ros.process.entry_points:digit_reader',
            'pose_estimator = nn_perception.ros.process.entry_points:pose_estimator',
            'fine_tuner = nn_perception.ros.process.entry_points:fine_tuner',
            'sound_tagger = nn_perception.ros.process.entry_points:sound_tagger',
            'sound_fine_tuner = nn_perception.ros.process.entry_points:sound_fine_tuner',
            'perception = nn_perception.ros.process.entry_points:perception',
            'camera_source = nn_perception.ros.process.entry_points:camera_source',
            'sound_source = nn_perception.ros.process.entry_points:sound_source',
            'studio = nn_perception.ros.process.entry_points:studio',
        ],
    },
)
