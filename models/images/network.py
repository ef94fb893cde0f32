"""The CNN: EfficientNet-Lite2 (Tan, Le 2019) without its classifier; what its blocks see, as one vector per picture.

The published network, with each batch normalisation folded into the convolution before it: the same function, twice as
fast. Its last layer knows what a thing is, but hardly its pattern or fabric, so the means and deviations of the
channels after the later stages are returned as well.
"""

from __future__ import annotations

from typing import Any

import torch
from efficientnet_lite_pytorch import EfficientNet
from torch import nn
from torch.nn.functional import pad, relu6
from torch.nn.utils.fusion import fuse_conv_bn_eval

from models.core.item_tiles import multiplies_bf16
from models.images.weights import State

LAST = 1280  # numbers of the last layer
CENTRE, SCALE = 127.0, 128.0  # of this network's inputs; ImageNet's mean and deviation cost a third of its accuracy
STAGES = (48, 88, 120, 208, 352)  # channels of the stages whose statistics are kept
STAGE_WIDTH = 2 * sum(STAGES)


class Conv(nn.Conv2d):
    """A convolution padded as TensorFlow's SAME does, for sides that its stride divides."""

    def __init__(self, like: Any) -> None:
        self.ahead = (like.kernel_size[0] - like.stride[0]) // 2
        self.behind = like.kernel_size[0] - like.stride[0] - self.ahead
        even = self.ahead == self.behind
        super().__init__(
            like.in_channels,
            like.out_channels,
            like.kernel_size[0],
            stride=like.stride[0],
            padding=self.ahead if even else 0,
            groups=like.groups,
        )
        self.uneven = not even

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return super().forward(pad(x, (self.ahead, self.behind) * 2) if self.uneven else x)


class Block(nn.Module):
    """An inverted residual: channels are widened, filtered each by itself, and narrowed."""

    def __init__(self, like: Any) -> None:
        super().__init__()
        self.widen = Conv(like._expand_conv) if hasattr(like, "_expand_conv") else None
        self.filter, self.narrow = Conv(like._depthwise_conv), Conv(like._project_conv)
        self.skips = self.filter.stride[0] == 1 and self.narrow.out_channels == like._block_args.input_filters

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        wide = x if self.widen is None else relu6(self.widen(x), inplace=True)
        y = self.narrow(relu6(self.filter(wide), inplace=True))
        return y.add_(x) if self.skips else y


class Sight(nn.Module):
    """The network: pictures (n, 3, H, W), H and W multiples of 32, in 0..255 -> (n, LAST), (n, STAGE_WIDTH) float32."""

    def __init__(self, state: State) -> None:
        """From the weights that `folded` or `state_dict` gave. Raises RuntimeError naming missing tensors."""
        super().__init__()
        like = _published()
        self.stem = Conv(like._conv_stem)
        self.blocks = nn.ModuleList(Block(block) for block in like._blocks)
        self.head = Conv(like._conv_head)
        self.load_state_dict(state)
        widths = [block._block_args.output_filters for block in like._blocks]
        self.ends = {
            number
            for number, width in enumerate(widths)
            if width in STAGES and width not in widths[number + 1 : number + 2]
        }

    def forward(self, pictures: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return self.later(*self.early(pictures, 0), 0)

    def early(self, pictures: torch.Tensor, first: int) -> tuple[torch.Tensor, list[torch.Tensor]]:
        """The output of the blocks before number `first`, and the statistics of their stages."""
        x = relu6(self.stem((pictures - CENTRE) / SCALE), inplace=True)
        return self._through(x, range(first), [])

    def later(self, x: torch.Tensor, stages: list[torch.Tensor], first: int) -> tuple[torch.Tensor, torch.Tensor]:
        """The rest of the way, from block number `first`: the two results of `forward`."""
        x, stages = self._through(x, range(first, len(self.blocks)), stages)
        return relu6(self.head(x)).float().mean((2, 3)), torch.cat(stages, dim=1)

    def _through(
        self, x: torch.Tensor, blocks: range, stages: list[torch.Tensor]
    ) -> tuple[torch.Tensor, list[torch.Tensor]]:
        for number in blocks:
            x = self.blocks[number](x)
            if number in self.ends:
                deviation, mean = torch.std_mean(x.float(), dim=(2, 3), correction=0)
                stages = [*stages, mean, deviation]
        return x, stages


def folded(published: State) -> State:
    """The weights of `Sight` from those of the published network. Raises RuntimeError naming missing tensors."""
    net = _published()
    weights = {name: value for name, value in published.items() if not name.startswith("_fc")}
    counters = {name for name in net.state_dict() if name.endswith("num_batches_tracked")}
    net.load_state_dict(weights | {name: torch.tensor(0) for name in counters})
    pairs = {"stem": (net._conv_stem, net._bn0), "head": (net._conv_head, net._bn1)}
    for number, block in enumerate(net._blocks):
        if hasattr(block, "_expand_conv"):
            pairs[f"blocks.{number}.widen"] = (block._expand_conv, block._bn0)
        pairs[f"blocks.{number}.filter"] = (block._depthwise_conv, block._bn1)
        pairs[f"blocks.{number}.narrow"] = (block._project_conv, block._bn2)
    state: State = {}
    for name, (conv, norm) in pairs.items():
        fused = fuse_conv_bn_eval(conv, norm)
        state |= {f"{name}.weight": fused.weight.detach(), f"{name}.bias": fused.bias.detach()}  # type: ignore[union-attr]
    return state


def _published() -> Any:
    net = EfficientNet.from_name("efficientnet-lite2").eval()
    net._fc = nn.Identity()
    return net


def has_fast_bf16(device: str) -> bool:
    """Whether the device multiplies bfloat16 in hardware; a CPU without AMX or AVX-512 would emulate it, slowly."""
    return device == "cuda" or multiplies_bf16()
