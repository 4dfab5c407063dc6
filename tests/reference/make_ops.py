#!/usr/bin/python3
"""Writes tests/reference/ops.json: inputs, outputs and gradients of every op as PyTorch computes them in float32.

Run from the repository root with a Python that has torch (Debian: python3-torch): tests/reference/make_ops.py
"""
import json

import torch
import torch.nn.functional as F

torch.manual_seed(20240229)
torch.set_num_threads(1)
cases = []


def uniform(*shape, low=-2.0, high=2.0):
    """Three decimals a number, which keeps the file short."""
    return (torch.empty(shape).uniform_(low, high) * 1000).round() / 1000


def rand(*shape, low=-2.0, high=2.0):
    return uniform(*shape, low=low, high=high).requires_grad_()


def dump(tensor):
    shortest = [float(str(v)) for v in tensor.detach().flatten().numpy()]  # that reads back as the same float32
    return {"shape": list(tensor.shape), "data": shortest}


def case(op, inputs, compute, **options):
    """Records compute(*inputs): its value, and the inputs' gradients of sum(value * weights)."""
    for x in inputs:
        x.grad = None
    output = compute(*inputs)
    weights = uniform(*output.shape, low=-1, high=1)
    output.backward(weights)
    cases.append({
        "op": op, "options": options, "inputs": [dump(x) for x in inputs], "output": dump(output),
        "weights": dump(weights), "gradients": [dump(x.grad) for x in inputs],
    })


def linear_cases():
    for activation in ["none", "relu", "gelu", "tanh"]:
        act = {"none": lambda v: v, "relu": F.relu, "gelu": F.gelu, "tanh": torch.tanh}[activation]
        case("linear", [rand(7, 33), rand(21, 33), rand(21)], lambda x, w, b: act(F.linear(x, w, b)),
             activation=activation)
    case("linear", [rand(2, 3, 5), rand(4, 5)], F.linear, activation="none")
    case("linear", [rand(37, 65), rand(66, 65), rand(66)], F.linear, activation="none")
    case("matmul", [rand(5, 7), rand(7, 9)], torch.matmul)
    case("matmul", [rand(3, 5, 7), rand(3, 7, 9)], torch.matmul)
    case("matmul", [rand(3, 5, 7), rand(7, 9)], torch.matmul)


def conv_cases():
    def conv(x_shape, w_shape, bias=True, **o):
        inputs = [rand(*x_shape), rand(*w_shape)] + ([rand(w_shape[0])] if bias else [])
        case("conv2d", inputs, lambda x, w, b=None: F.conv2d(x, w, b, **o), **o)

    conv((3, 1, 12, 12), (6, 1, 5, 5), stride=(1, 1), padding=(2, 2), dilation=(1, 1), groups=1)
    conv((2, 6, 9, 8), (8, 6, 3, 3), stride=(1, 1), padding=(1, 1), dilation=(1, 1), groups=1)
    conv((2, 4, 9, 8), (6, 4, 3, 2), False, stride=(2, 1), padding=(0, 3), dilation=(1, 2), groups=1)
    conv((2, 4, 10, 11), (6, 2, 3, 3), stride=(2, 3), padding=(1, 2), dilation=(2, 1), groups=2)
    conv((2, 6, 7, 7), (6, 1, 3, 3), stride=(1, 1), padding=(1, 1), dilation=(1, 1), groups=6)
    conv((2, 8, 6, 6), (16, 8, 1, 1), stride=(2, 2), padding=(0, 0), dilation=(1, 1), groups=1)

    def transposed(x_shape, w_shape, bias=True, **o):
        inputs = [rand(*x_shape), rand(*w_shape)] + ([rand(w_shape[1] * o["groups"])] if bias else [])
        case("conv_transpose2d", inputs, lambda x, w, b=None: F.conv_transpose2d(x, w, b, **o), **o)

    plain = dict(stride=(1, 1), padding=(0, 0), output_padding=(0, 0), dilation=(1, 1), groups=1)
    transposed((2, 4, 5, 6), (4, 3, 3, 3), **plain)
    transposed((2, 4, 5, 6), (4, 3, 4, 4), False, **{**plain, "stride": (2, 2), "padding": (1, 1)})
    transposed((2, 4, 4, 5), (4, 2, 3, 2), **{**plain, "stride": (3, 2), "padding": (1, 0), "output_padding": (2, 1),
                                              "dilation": (1, 2), "groups": 2})


def pool_cases():
    for kernel, stride, padding in [((2, 2), (2, 2), (0, 0)), ((3, 3), (2, 2), (1, 1)), ((3, 2), (1, 3), (1, 0))]:
        o = dict(kernel=kernel, stride=stride, padding=padding)
        case("max_pool2d", [rand(2, 3, 9, 8)], lambda x: F.max_pool2d(x, kernel, stride, padding), **o)
        case("avg_pool2d", [rand(2, 3, 9, 8)], lambda x: F.avg_pool2d(x, kernel, stride, padding), **o)
    for output in [(1, 1), (3, 4), (7, 5), (9, 2)]:
        case("adaptive_avg_pool2d", [rand(2, 3, 9, 8)], lambda x: F.adaptive_avg_pool2d(x, output), output=output)


def activation_cases():
    x = lambda: torch.cat([uniform(60, low=-4, high=4), uniform(20, low=-0.1, high=0.1),
                           torch.tensor([-100.0, -30, -19.9, -10, 10, 19.9, 20.5, 30, 88, 100])]).requires_grad_()
    case("relu", [x()], F.relu)
    for slope in [0.01, 0.2]:
        case("leaky_relu", [x()], lambda v: F.leaky_relu(v, slope), parameter=slope)
    for alpha in [1.0, 0.3]:
        case("elu", [x()], lambda v: F.elu(v, alpha), parameter=alpha)
    case("selu", [x()], F.selu)
    case("gelu", [x()], F.gelu)
    case("sigmoid", [x()], torch.sigmoid)
    case("tanh", [x()], torch.tanh)
    for beta in [1.0, 3.0]:
        case("softplus", [x()], lambda v: F.softplus(v, beta), parameter=beta)
    case("silu", [x()], F.silu)
    keep = torch.get_rng_state()  # what came later to this list does not shift what follows
    for omega in [1.0, 30.0]:
        case("sine", [x()], lambda v: torch.sin(omega * v), parameter=omega)
    for name, act in [("mish", F.mish), ("relu6", F.relu6), ("hardtanh", F.hardtanh), ("hardswish", F.hardswish),
                      ("softsign", F.softsign)]:
        case(name, [x()], act)
    corners = torch.tensor([-3.0, -1, 0, 1, 3, 6]).requires_grad_()
    for name, act in [("relu6", F.relu6), ("hardtanh", F.hardtanh), ("hardswish", F.hardswish)]:
        case(name, [corners], act)
    torch.set_rng_state(keep)
    case("prelu", [rand(3, 4, 2, 5), rand(1)], F.prelu)
    case("prelu", [rand(3, 4, 2, 5), rand(4)], F.prelu)
    for dim in [0, 1, 2]:
        case("softmax", [rand(3, 6, 5, low=-5, high=5)], lambda v: F.softmax(v, dim), dim=dim)
        case("log_softmax", [rand(3, 6, 5, low=-5, high=5)], lambda v: F.log_softmax(v, dim), dim=dim)
    case("softmax", [rand(4, 9, low=-200, high=200)], lambda v: F.softmax(v, 1), dim=1)
    case("log_softmax", [rand(4, 9, low=-200, high=200)], lambda v: F.log_softmax(v, 1), dim=1)


def loss_cases():
    for smoothing in [0.0, 0.1]:
        for weights in [[], [0.5, 1.0, 2.0, 0.25, 1.5, 3.0]]:
            labels = torch.randint(0, 6, (9,))
            case("cross_entropy", [rand(9, 6, low=-6, high=6)],
                 lambda x: F.cross_entropy(x, labels, torch.tensor(weights) if weights else None,
                                           label_smoothing=smoothing),
                 labels=labels.tolist(), label_smoothing=smoothing, class_weights=weights)
    case("mse", [rand(5, 7), rand(5, 7)], F.mse_loss)


def norm_cases():
    for shape in [(9, 5), (6, 40), (4, 3, 5, 6), (2, 4, 7)]:
        channels = shape[1]
        for training in [True, False]:
            mean, var = uniform(channels, low=-1, high=1), uniform(channels, low=0.5, high=2)
            before = [dump(mean), dump(var)]
            case("batch_norm", [rand(*shape), rand(channels), rand(channels)],
                 lambda x, g, b: F.batch_norm(x, mean, var, g, b, training, 0.3, 1e-3),
                 training=training, momentum=0.3, eps=1e-3, running=before)
            cases[-1]["options"]["running_after"] = [dump(mean), dump(var)]
    for shape, normalized in [((6, 37), (37,)), ((3, 4, 5), (4, 5))]:
        case("layer_norm", [rand(*shape), rand(*normalized), rand(*normalized)],
             lambda x, g, b: F.layer_norm(x, normalized, g, b, 1e-5), normalized=normalized, eps=1e-5)
    for groups in [1, 2, 6]:
        case("group_norm", [rand(3, 6, 4, 5), rand(6), rand(6)],
             lambda x, g, b: F.group_norm(x, groups, g, b, 1e-5), groups=groups, eps=1e-5)
    for p in [0.2, 0.5]:
        def dropped(x):
            torch.manual_seed(77)
            return F.dropout(x, p, True)
        state = torch.get_rng_state()
        case("dropout", [rand(6, 30)], dropped, p=p, seed=77)
        torch.set_rng_state(state)


def arithmetic_cases():
    ops = {"add": torch.add, "sub": torch.sub, "mul": torch.mul, "div": torch.div}
    for a, b in [((4, 5), (4, 5)), ((4, 5), (5,)), ((4, 1), (3, 1, 5)), ((2, 3, 4, 5), (3, 1, 1)), ((), (3, 4))]:
        for name, op in ops.items():
            case(name, [rand(*a), rand(*b, low=0.5, high=2)], op)
    for name in ["sum", "mean"]:
        case(name, [rand(7, 9)], getattr(torch, name))
        for dim in [0, 1, 2]:
            for keepdim in [False, True]:
                case(name, [rand(4, 5, 6)], lambda x: getattr(torch, name)(x, dim, keepdim), dim=dim, keepdim=keepdim)
    case("reshape", [rand(4, 6)], lambda x: x.reshape(3, 2, 4), shape=(3, 2, 4))
    case("flatten", [rand(2, 3, 4)], lambda x: x.flatten(1))
    for d0, d1 in [(0, 1), (0, 2), (1, 3), (2, 3)]:
        case("transpose", [rand(3, 4, 2, 5)], lambda x: x.transpose(d0, d1), dims=(d0, d1))
    for dim in [0, 1, 2]:
        shapes = [[3, 4, 5] for _ in range(3)]
        for i, shape in enumerate(shapes):
            shape[dim] = i + 1
        case("concat", [rand(*s) for s in shapes], lambda *x: torch.cat(x, dim), dim=dim)
        case("slice", [rand(4, 5, 6)], lambda x: x.narrow(dim, 1, 2), dim=dim, begin=1, end=3)
    indices = [3, 0, 3, 6, 1, 3]
    case("embedding", [rand(7, 4)], lambda w: F.embedding(torch.tensor(indices), w), indices=indices)


def later_cases():
    """Behind the others, whose numbers stay."""
    for smoothing in [0.0, 0.1]:
        for weights in [[], [0.5, 1.0, 2.0, 0.25, 1.5, 3.0]]:
            labels = [2, 4, 0, 4, 5, 1, 3, 4, 0]
            case("cross_entropy", [rand(9, 6, low=-6, high=6)],
                 lambda x: F.cross_entropy(x, torch.tensor(labels), torch.tensor(weights) if weights else None,
                                           ignore_index=4, label_smoothing=smoothing),
                 labels=labels, label_smoothing=smoothing, class_weights=weights, ignore_index=4)
    o = dict(stride=(1, 2), padding=(1, 0), output_padding=(2, 1), dilation=(3, 1), groups=1)
    case("conv_transpose2d", [rand(2, 4, 4, 5), rand(4, 3, 3, 2), rand(3)],
         lambda x, w, b: F.conv_transpose2d(x, w, b, **o), **o)


def pointwise_and_selection_cases():
    case("exp", [rand(3, 7, low=-6, high=6)], torch.exp)
    case("log", [rand(3, 7, low=0.01, high=5)], torch.log)
    case("sqrt", [rand(3, 7, low=0.01, high=5)], torch.sqrt)
    case("abs", [torch.cat([uniform(9), torch.zeros(2)]).requires_grad_()], torch.abs)
    for exponent in [2.0, 0.5, -1.5, 0.0, 1.0]:
        case("pow", [rand(3, 7, low=0.1, high=3)], lambda x: x.pow(exponent), exponent=exponent)
    for exponent in [2.0, 3.0]:
        case("pow", [rand(3, 7)], lambda x: x.pow(exponent), exponent=exponent)
    case("clamp", [torch.cat([uniform(15), torch.tensor([-0.5, 1.0])]).requires_grad_()],
         lambda x: x.clamp(-0.5, 1.0), least=-0.5, most=1.0)
    case("clamp", [rand(4, 5)], lambda x: x.clamp(min=0.25), least=0.25)
    tied = lambda: (torch.randint(-3, 4, (4, 3, 5)).float()).requires_grad_()
    for name in ["max", "min"]:
        case(name, [tied()], getattr(torch, name))
        for dim in [0, 1, 2]:
            distinct = (torch.randperm(60).reshape(4, 3, 5) / 10.0).requires_grad_()
            case(name, [distinct], lambda x: getattr(torch, name)(x, dim, keepdim=dim == 1)[0], dim=dim, keepdim=dim == 1)
    condition = torch.rand(4, 1, 5) < 0.5
    case("where", [rand(4, 3, 5), rand(4, 3, 5)], lambda a, b: torch.where(condition, a, b), condition=dump(condition.float()))
    case("where", [rand(3, 1), rand(5)], lambda a, b: torch.where(condition, a, b), condition=dump(condition.float()))
    for dim, shape in [(0, (6, 2, 5)), (1, (4, 7, 3)), (2, (4, 3, 1))]:
        index = torch.randint(0, (4, 3, 5)[dim], shape)
        case("gather", [rand(4, 3, 5)], lambda x: torch.gather(x, dim, index), dim=dim, index=dump(index.float()))
    for dims in [(1, 0, 2), (2, 0, 1), (0, 1, 2), (-1, 1, 0)]:
        case("permute", [rand(4, 3, 5)], lambda x: x.permute(dims), dims=dims)
    case("permute", [rand(2, 3, 4, 5)], lambda x: x.permute(0, 2, 3, 1), dims=(0, 2, 3, 1))
    for dim in [0, 1, 2, -1]:
        case("stack", [rand(3, 4) for _ in range(3)], lambda *x: torch.stack(x, dim), dim=dim)
    case("stack", [rand(2, 3) for _ in range(19)], lambda *x: torch.stack(x, 1), dim=1)
    case("concat", [rand(2, 1 + i % 3) for i in range(11)], lambda *x: torch.cat(x, 1), dim=1)
    case("matmul", [rand(2, 3, 5, 7), rand(2, 3, 7, 4)], torch.matmul)
    case("matmul", [rand(2, 3, 5, 7), rand(7, 4)], torch.matmul)


def further_loss_cases():
    case("l1", [rand(5, 7), rand(5, 7)], F.l1_loss)
    for delta in [1.0, 0.3]:
        case("huber", [rand(5, 7), rand(5, 7)], lambda x, t: F.huber_loss(x, t, delta=delta), delta=delta)
    target = lambda: rand(5, 4, low=0, high=1)
    for weight in [[], [2.5], [0.5, 1.0, 3.0, 2.0]]:
        case("bce_with_logits", [rand(5, 4, low=-30, high=30), target()],
             lambda x, t: F.binary_cross_entropy_with_logits(x, t, pos_weight=torch.tensor(weight) if weight else None),
             pos_weight=weight)
    logs = lambda: F.log_softmax(uniform(6, 5), 1).detach().requires_grad_()
    soft = lambda: F.softmax(uniform(6, 5), 1).detach().requires_grad_()
    case("kl_div", [logs(), soft()], lambda x, t: F.kl_div(x, t, reduction="batchmean"))
    for weights in [[], [0.5, 1.0, 2.0, 0.25, 1.5]]:
        for ignored in [-100, 2]:
            labels = [1, 2, 0, 4, 2, 3]
            case("nll", [logs()], lambda x: F.nll_loss(x, torch.tensor(labels), torch.tensor(weights) if weights else None,
                                                       ignore_index=ignored),
                 labels=labels, class_weights=weights, ignore_index=ignored)
        for smoothing in [0.0, 0.1]:
            case("cross_entropy_soft", [rand(6, 5, low=-6, high=6), soft()],
                 lambda x, t: F.cross_entropy(x, t, torch.tensor(weights) if weights else None, label_smoothing=smoothing),
                 class_weights=weights, label_smoothing=smoothing)


for make in [linear_cases, conv_cases, pool_cases, activation_cases, loss_cases, norm_cases, arithmetic_cases, later_cases,
             pointwise_and_selection_cases, further_loss_cases]:
    make()
with open("tests/reference/ops.json", "w", encoding="ascii") as out:
    out.write("[\n" + ",\n".join(json.dumps(c, separators=(",", ":")) for c in cases) + "\n]\n")
print(len(cases), "cases")
