"""Augmentation of training images, labels included."""
