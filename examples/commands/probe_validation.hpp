#pragma once
#include <cstdint>
#include <string>

namespace fanin::program {

/// Probes 48 (model, scheme) pairs, trains each for real, and prints how well the verdicts foretold which ones train. `seeds`
/// runs a pair: the verdicts' thresholds were chosen on the even-numbered pairs, so the odd ones are the check. "Trains" means a
/// test accuracy of at least 60 % after 3 epochs of SGD at a learning rate of 0.1, batches of 32, on 3200 images of `data`,
/// tested on 1000.
void validate_probe(const std::string& data, int seeds, bool json);

}  // namespace fanin::program
