#pragma once
#include <fanin/optim/optimizer.hpp>
#include <fanin/optim/schedule.hpp>

namespace fanin::train {

/// The optimizer's; where the schedule sets the momentum of each step, with some, so that it has the buffers.
inline optim::OptimizerOptions first_options(optim::OptimizerOptions options,
                                             const optim::Schedule& schedule) {
  if (options.rule.momentum && schedule.momentum(0, 1, 1)) options.*options.rule.momentum = 0.5;
  return options;
}

}  // namespace fanin::train
