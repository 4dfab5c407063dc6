#pragma once
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include <fanin/probe/recommend.hpp>

namespace fanin::probe {

/// A table of the schemes, two lines of what the columns mean aside: what the signal does, whether the run
/// will train, what its first steps did; then, in sentences, why, and what is recommended. Where it is wider than
/// `width` (0: it never is), rows go on in further lines.
std::string probe_table(const std::vector<Probed>& all, const ProbeSetup& setup, int width = 0);
/// Every reason once, a line each of any width: what is wrong with the signal, and what decides over training.
std::string probe_reasons(const std::vector<Probed>& all);
/// What is recommended, and on a line of its own why; or that nothing is. Of any width.
std::string recommendation_text(const std::optional<Recommendation>& chosen, const std::vector<Probed>& all);
/// One scheme layer by layer.
std::string layers_table(const Probed& one);

/// One model's schemes with everything that was measured, and the recommendation. Numbers that are not
/// finite are null.
nlohmann::ordered_json probe_json(const std::string& model, const std::vector<Probed>& all,
                                  const std::optional<Recommendation>& chosen);

}  // namespace fanin::probe
