"""The recipe: its schema, the factor syntax, and its validation after Hydra has composed."""
