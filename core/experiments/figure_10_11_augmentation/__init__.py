"""Figures 10 and 11: training on CIFAR-10."""
