"""The architectures of Table 3 as Keras builds them; the test of ``architecture`` counts them."""

from __future__ import annotations

from core.experiments.table_3_networks.architecture import Architecture

COUNTED = {
    "keras/vgg16.imagenet": Architecture(parameters=138_357_544, depth=16, stride=32),
    "keras/resnet50.imagenet": Architecture(parameters=25_636_712, depth=50, stride=32),
    "keras/inceptionresnetv2.imagenet": Architecture(parameters=55_873_736, depth=176, stride=32),
}
