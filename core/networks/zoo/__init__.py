"""Families of networks: torchvision, Keras, timm, antialiased-cnns, and the user's checkpoints."""
