"""Frames on a device: batches, predictions, activations and linear probes."""
