#pragma once
/// Every differentiable op.
#include "framework/ops/activation.hpp"
#include "framework/ops/conv2d.hpp"
#include "framework/ops/elementwise.hpp"
#include "framework/ops/embedding.hpp"
#include "framework/ops/linear.hpp"
#include "framework/ops/loss.hpp"
#include "framework/ops/matmul.hpp"
#include "framework/ops/normalization.hpp"
#include "framework/ops/pool2d.hpp"
#include "framework/ops/reduce.hpp"
#include "framework/ops/reshape.hpp"
#include "framework/ops/softmax.hpp"
