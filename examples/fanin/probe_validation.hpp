#pragma once
#include <string>

#include <fanin/probe/validation.hpp>

namespace fanin::program {

/// Trains the pairs of `probe::tried_models` for real and prints how often the probe's verdict was right: for
/// the half that its thresholds come from, for the held-out half, and for all. `data` is the set's text.
void validate_probe(const probe::ValidationSetup& setup, const std::string& data, bool only_held_out,
                    bool json);

/// For a dozen models, trains every scheme that `fanin probe` tries by itself, and prints where the one it
/// recommends ended among them: rank, and the gap to the best with its standard error over the seeds.
void validate_plan(const probe::ValidationSetup& setup, const std::string& data, bool json);

}  // namespace fanin::program
