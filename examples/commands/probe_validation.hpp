#pragma once
#include <cstdint>
#include <string>

namespace fanin::program {

/// Probes 48 (model, scheme) pairs, trains each for real, and prints how well the verdicts foretold which
/// ones train. `seeds` runs a pair. "Trains" means a test accuracy of at least 60 % after 10 epochs (1000
/// steps) of SGD at a learning rate of 0.1, batches of 32, on 3200 images of `data`, tested on 1000. No
/// threshold of a verdict was fitted to these pairs.
void validate_probe(const std::string& data, int seeds, bool json);

}  // namespace fanin::program
