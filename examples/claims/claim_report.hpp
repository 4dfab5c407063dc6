#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "examples/claims/claim.hpp"

namespace fanin::claims {

/// "0.5774 ± 3 %", "≥ 0.5", "1 exactly".
std::string prediction_text(const Prediction& prediction);
/// Four significant digits: "0.5768", "1.2e-07", "128"; "-" for what is not a number.
std::string figure_text(double figure);

/// Names, sentences and predictions, for `--list`: nothing has been run.
std::string claims_list(const std::vector<Claim>& claims);
/// Claimed versus seen, for a terminal of 110 columns.
std::string findings_table(const std::vector<Finding>& findings);
/// The same as a Markdown table: claim | paper | predicted | seen | verdict, one row a figure.
std::string findings_markdown(const std::vector<Finding>& findings);
/// Everything known of the findings. The seconds apart, the same text for the same seed.
std::string findings_json(const std::vector<Finding>& findings, std::uint64_t seed);

}  // namespace fanin::claims
