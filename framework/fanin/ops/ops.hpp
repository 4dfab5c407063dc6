#pragma once
/// @file
/// Every differentiable op.
#include <fanin/ops/activation.hpp>
#include <fanin/ops/conv2d.hpp>
#include <fanin/ops/dropout.hpp>
#include <fanin/ops/elementwise.hpp>
#include <fanin/ops/embedding.hpp>
#include <fanin/ops/linear.hpp>
#include <fanin/ops/loss.hpp>
#include <fanin/ops/matmul.hpp>
#include <fanin/ops/normalization.hpp>
#include <fanin/ops/pool2d.hpp>
#include <fanin/ops/reduce.hpp>
#include <fanin/ops/reshape.hpp>
#include <fanin/ops/softmax.hpp>
