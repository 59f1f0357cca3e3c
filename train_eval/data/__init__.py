"""Reading labelled datasets: formats, checks and tensors."""
