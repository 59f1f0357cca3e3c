"""Lenses that bend straight lines: the models, and warping a view's buffers by them."""
