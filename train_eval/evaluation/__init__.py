"""Evaluation: detections, average precision and its uncertainty."""
