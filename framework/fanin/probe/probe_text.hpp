#pragma once
#include <string>
#include <vector>

#include <fanin/probe/diagnosis.hpp>

namespace fanin::probe {

/// A scheme as it was probed on one model.
struct Probed {
  std::string scheme = {};  ///< as typed
  std::string plan = {};    ///< canonical text
  Probe probe = {};
  Diagnosis diagnosis = {};
};

/// The well-conditioned scheme of least imbalance; null when there is none.
const Probed* recommended(const std::vector<Probed>& all);
/// Why: one line for people.
std::string recommendation(const std::vector<Probed>& all);

/// "0.83 → 0.12", and "1.2e-08" where that is shorter than zeros.
std::string range_text(double first, double last);
std::string number_text(double value);

/// One model's schemes as a JSON object: verdicts, measures layer by layer, recommendation. Numbers that are
/// not finite are null.
std::string probe_json(const std::string& model, const std::vector<Probed>& all);

}  // namespace fanin::probe
