#pragma once
#include <string>
#include <vector>

#include <fanin/compare/results.hpp>

/// A run of which the summary is to see no more than its accuracy.
inline fanin::compare::Run made_up_run(const std::string& scheme, std::uint64_t seed, double accuracy) {
  fanin::compare::Run run;
  run.model = "m";
  run.scheme = scheme;
  run.seed = seed;
  run.test_accuracy = accuracy;
  return run;
}

/// Settings of a comparison on the model "m" with seeds 0, 1, …; the first scheme is the baseline.
inline fanin::compare::Settings made_up_settings(const std::vector<std::string>& schemes, std::size_t seeds) {
  fanin::compare::Settings settings{
      .models = {"m"}, .schemes = schemes, .default_scheme = schemes.front(), .classes = 10};
  for (std::size_t seed = 0; seed < seeds; ++seed) settings.seeds.push_back(seed);
  return settings;
}
