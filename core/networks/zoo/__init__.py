"""Families of networks: torchvision, Keras, timm, antialiased-cnns, and checkpoints of one's own."""
