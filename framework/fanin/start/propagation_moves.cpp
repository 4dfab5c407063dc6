// Ops that move elements: moments move with them.
#include <fanin/start/propagation.hpp>

namespace fanin::start {

Signal moving_rule(const Propagation& signals, std::size_t op) {
  const RanOp& ran = signals.graph().ops[op].ran;
  Signal y = signals.input(op, 0);
  y.mean = ran.again(std::vector<Tensor>{y.mean});
  y.second = ran.again(std::vector<Tensor>{y.second});
  return y;
}

Signal concat_rule(const Propagation& signals, std::size_t op) {
  const RanOp& ran = signals.graph().ops[op].ran;
  std::vector<Tensor> means, seconds;
  Signal y;
  double all = 0;
  for (std::size_t i = 0; i < ran.inputs.size(); ++i) {
    if (!ran.inputs[i].defined()) {
      means.emplace_back();
      seconds.emplace_back();
      continue;
    }
    const Signal x = signals.input(op, i);
    means.push_back(x.mean);
    seconds.push_back(x.second);
    const double weight = x.variance_average() * static_cast<double>(x.second.numel());
    all += weight;
    y.near += weight * x.near;
    y.far += weight * x.far;
    y.across += weight * x.across;
  }
  y.mean = ran.again(means);
  y.second = ran.again(seconds);
  if (all > 0) y.near /= all, y.far /= all, y.across /= all;
  return y;
}

}  // namespace fanin::start
