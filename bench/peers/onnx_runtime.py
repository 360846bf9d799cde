"""ONNX Runtime as a contender, for inference only.   python3 onnx_runtime.py FOLDER inference THREADS STEPS

pip install onnx onnxruntime numpy
"""
import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from task import arguments, serve, sides


class Graph:
    """The task as an ONNX graph; dropout does nothing here and is left out."""

    def __init__(self, task):
        self.task, self.nodes, self.constants = task, [], []
        shape = [task.batch, *(task.input[axis] for axis in ("channels", "height", "width"))]
        logits = task.run("image", self.apply_primitive)
        self.model = helper.make_model(helper.make_graph(
            self.nodes, task.name, [helper.make_tensor_value_info("image", TensorProto.FLOAT, shape)],
            [helper.make_tensor_value_info(logits, TensorProto.FLOAT, [task.batch, task.classes])], self.constants,
        ), opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        onnx.checker.check_model(self.model)

    def constant(self, value):
        name = f"constant{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def node(self, operation, inputs, **attributes):
        name = f"value{len(self.nodes)}"
        self.nodes.append(helper.make_node(operation, inputs, [name], **attributes))
        return name

    def apply_primitive(self, layer, primitive, inputs):
        weights = {name: self.constant(value) for name, value in self.task.values(layer).items()}
        bias = [weights["bias"]] if primitive.get("bias") else []
        match primitive:
            case {"op": "convolution"}:
                window = {"kernel_shape": primitive["kernel"], "strides": primitive["stride"], "pads": sides(primitive)}
                return self.node("Conv", [*inputs, weights["weight"], *bias], **window, dilations=primitive["dilation"], group=primitive["groups"])
            case {"op": "dense"}:
                return self.node("Gemm", [self.node("Flatten", inputs), weights["weight"], *bias], transB=1)
            case {"op": "pool"}:
                window = {"kernel_shape": primitive["kernel"], "strides": primitive["stride"], "pads": sides(primitive)}
                if primitive["kind"] == "max":
                    return self.node("MaxPool", inputs, **window)
                return self.node("AveragePool", inputs, **window, count_include_pad=int(primitive["countPadding"]))
            case {"op": "batchNormalization"}:
                order = [weights[name] for name in ("weight", "bias", "running_mean", "running_var")]
                return self.node("BatchNormalization", [*inputs, *order], epsilon=primitive["epsilon"])
            case {"op": "map", "name": "relu"}:
                return self.node("Relu", inputs)
            case {"op": "dropout"}:
                return inputs[0]
            case {"op": "join", "kind": "add"}:
                return self.node("Sum", inputs)
            case {"op": "join", "kind": "concat"}:
                return self.node("Concat", inputs, axis=1)
            case {"op": "pad"}:
                top, left, bottom, right = sides(primitive)
                return self.node("Pad", [*inputs, self.constant(np.array([0, 0, top, left, 0, primitive["channels"], bottom, right]))])
        raise NotImplementedError(f"{layer['name']}: {primitive}")


task, work, threads, steps, _ = arguments()
assert work == "inference", "ONNX Runtime does not train"
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = threads
options.inter_op_num_threads = 1
session = onnxruntime.InferenceSession(Graph(task).model.SerializeToString(), options, providers=["CPUExecutionProvider"])
images = task.images()
serve(
    task, work, steps, f"ONNX Runtime {onnxruntime.__version__}", "a graph of opset 17",
    lambda index: session.run(None, {"image": images[task.batch_at(index)]})[0], lambda result: result,
)
