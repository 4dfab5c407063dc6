#pragma once
#include <string>
#include <vector>

#include <fanin/probe/diagnosis.hpp>

namespace fanin::probe {

/// A scheme as it was probed on one model.
struct Probed {
  std::string scheme = {};   ///< as typed
  std::string plan = {};     ///< canonical text
  Probe probe = {};          ///< what was seen
  Diagnosis diagnosis = {};  ///< `diagnose` of it
};

/// The well-conditioned scheme of least imbalance; null when there is none.
const Probed* recommended(const std::vector<Probed>& all);
/// Why: one line for people.
std::string recommendation(const std::vector<Probed>& all);

/// From the first layer's number to the last one's: "0.83 → 0.12".
std::string range_text(double first, double last);
/// Three significant digits, with an exponent where that is shorter than zeros: "1.2e-08".
std::string three_digits(double value);

/// One model's schemes as a JSON object: verdicts, measures layer by layer, recommendation. Numbers that are
/// not finite are null.
std::string probe_json(const std::string& model, const std::vector<Probed>& all);

}  // namespace fanin::probe
