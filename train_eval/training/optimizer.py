"""What is optimized how fast: groups of parameters, the learning rate, the average of the weights."""

import math
from collections.abc import Iterable, Mapping

import torch
from torch import Tensor, nn

from train_eval.models.detector import Detector
from train_eval.settings import Optimization


def build_optimizer(detector: Detector, settings: Optimization) -> torch.optim.AdamW:
    """AdamW; the backbone learns slower, norms and biases do not decay. Frozen parameters are left out."""
    body = {id(p) for p in detector.network.backbone.body.parameters()}
    groups = []
    for in_body in (True, False):
        for is_matrix in (True, False):
            chosen = [
                p
                for p in detector.parameters()
                if p.requires_grad and (id(p) in body) == in_body and (p.ndim > 1) == is_matrix
            ]
            rate = settings.learning_rate * (settings.backbone_factor if in_body else 1.0)
            decay = settings.weight_decay if is_matrix else 0.0
            if chosen:
                groups.append({"params": chosen, "lr": rate, "initial_lr": rate, "weight_decay": decay})
    return torch.optim.AdamW(groups, lr=settings.learning_rate, fused=True)


def rate_factor(iteration: int, iterations: int, settings: Optimization) -> float:
    """The factor on the learning rate: a linear rise, then half a cosine down to `final_factor`."""
    warmup = min(settings.warmup_iterations, iterations // 4)
    if iteration < warmup:
        return (iteration + 1) / (warmup + 1)
    progress = (iteration - warmup) / max(1, iterations - warmup)
    return settings.final_factor + (1 - settings.final_factor) * (1 + math.cos(math.pi * progress)) / 2


def set_rate(optimizer: torch.optim.Optimizer, factor: float) -> None:
    """Set the learning rate of each group to `factor` times its highest."""
    for group in optimizer.param_groups:
        group["lr"] = group["initial_lr"] * factor


class AveragedWeights:
    """The exponential moving average of all trained weights (Polyak averaging)."""

    def __init__(self, parameters: Mapping[str, Tensor], decay: float) -> None:
        self.decay = decay
        self.values = {name: value.detach().clone() for name, value in parameters.items()}

    @torch.no_grad()
    def update(self, parameters: Mapping[str, Tensor], iteration: int) -> None:
        """Move towards the weights; faster at first, so that random weights are soon forgotten."""
        decay = min(self.decay, (1 + iteration) / (10 + iteration))
        current = [parameters[name].detach() for name in self.values]
        torch._foreach_lerp_(list(self.values.values()), current, 1 - decay)


def trained_parameters(detector: nn.Module) -> dict[str, Tensor]:
    """Parameters by name, without the frozen ones."""
    return {name: p for name, p in detector.named_parameters() if p.requires_grad}


def clip_gradients(parameters: Iterable[Tensor], norm: float) -> Tensor:
    """Scale gradients down to a joint norm, where 0 leaves them; returns the norm they had."""
    return nn.utils.clip_grad_norm_(parameters, norm or math.inf, foreach=True)
