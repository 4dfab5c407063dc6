#pragma once
/// @file
/// The engine in one include: tensors, autograd, layers, initializers, optimizers, data, training and the
/// files; `<fanin/models.hpp>` and `<fanin/datasets.hpp>` stand beside it.

/// @namespace fanin
/// Tensors, their gradients and random numbers; what the rooms below it share: errors, call texts, memory,
/// threads, the console.
/// @namespace fanin::text
/// Numbers and words for a terminal.
/// @namespace fanin::statistics
/// What a sample says: means, intervals, tests, fits. Needs nothing of the rest.
/// @namespace fanin::io
/// Files of tensors: safetensors, PyTorch's, NumPy's, ONNX; read as they are, nothing in them executed.
/// @namespace fanin::io::protobuf
/// As much of the Protocol Buffers wire format as ONNX needs.
/// @namespace fanin::io::zip_format
/// Signatures and sizes of a zip archive's records (APPNOTE.TXT 6.3), which reading and writing share.
/// @namespace fanin::ops
/// Differentiable functions of tensors.
/// @namespace fanin::init
/// Initialization schemes as values: each fills a tensor, and knows by which rule.
/// @namespace fanin::nn
/// Layers, and how they make a model.
/// @namespace fanin::optim
/// Optimizers and learning-rate schedules.
/// @namespace fanin::data
/// Labelled images and how they become batches.
/// @namespace fanin::start
/// How a model gets its first values: drawn by a plan, refined on data, or taken from a file.
/// @namespace fanin::train
/// The training loop, what it measures, and its checkpoints.
/// @namespace fanin::probe
/// What signals and gradients do layer by layer before training, what that foretells, and whether it holds.
/// @namespace fanin::compare
/// Comparing initialization schemes: what was measured, its statistics, and how it is shown.
/// @namespace fanin::models
/// The families of models that have a name, and models as files.
/// @namespace fanin::datasets
/// The data sets that have a name, and where their files are looked for.

#include <fanin/autograd/gradcheck.hpp>
#include <fanin/autograd/node.hpp>
#include <fanin/core/error.hpp>
#include <fanin/core/parallel.hpp>
#include <fanin/core/tensor.hpp>
#include <fanin/data/dataset.hpp>
#include <fanin/data/loader.hpp>
#include <fanin/data/source.hpp>
#include <fanin/init/init.hpp>
#include <fanin/init/plan.hpp>
#include <fanin/io/safetensors.hpp>
#include <fanin/io/tensor_diff.hpp>
#include <fanin/io/tensor_file.hpp>
#include <fanin/io/tensor_stats.hpp>
#include <fanin/nn/activation.hpp>
#include <fanin/nn/conv2d.hpp>
#include <fanin/nn/linear.hpp>
#include <fanin/nn/module.hpp>
#include <fanin/nn/norm.hpp>
#include <fanin/nn/observer.hpp>
#include <fanin/nn/own_layer.hpp>
#include <fanin/nn/residual.hpp>
#include <fanin/nn/sequential.hpp>
#include <fanin/nn/simple_layers.hpp>
#include <fanin/ops/ops.hpp>
#include <fanin/optim/optimizer.hpp>
#include <fanin/optim/schedule.hpp>
#include <fanin/random/generator.hpp>
#include <fanin/start/convert.hpp>
#include <fanin/start/data_dependent.hpp>
#include <fanin/start/initialize.hpp>
#include <fanin/start/state_dict.hpp>
#include <fanin/start/width.hpp>
#include <fanin/train/fit.hpp>
#include <fanin/train/trainer.hpp>
