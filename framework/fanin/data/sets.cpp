#include <algorithm>
#include <charconv>
#include <cmath>
#include <numeric>

#include <fanin/core/expression.hpp>
#include <fanin/core/fail.hpp>
#include <fanin/core/printable.hpp>
#include <fanin/data/sets.hpp>
#include <fanin/random/generator.hpp>

namespace fanin::data {
namespace {

constexpr double most_images = 1e12;  // a count that a double holds exactly, and no data set reaches

}  // namespace

std::vector<std::string> Sets::notes() const {
  std::vector<std::string> all = training.notes;
  for (const Dataset* set : {&validation, &test})
    for (const auto& note : set->notes)
      if (std::find(all.begin(), all.end(), note) == all.end()) all.push_back(note);
  return all;
}

Share::Share(double amount) : amount_(amount) {
  const bool share = amount > 0 && amount < 1;
  const bool images = amount >= 0 && amount <= most_images && amount == std::floor(amount);
  if (!share && !images)
    fail_usage(
        "validation: {} is neither a share above 0 and below 1 nor a whole number of images; write 0.1, 5000, or none",
        amount);
}

Share Share::parse(const std::string& text) {
  if (text == "none") return {};
  double amount = 0;
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), amount);
  if (status != std::errc() || end != text.data() + text.size())
    fail_usage("validation: {} is neither a share (0.1), a number of images (5000) nor none",
               in_quotes(text));
  return amount;
}

std::string Share::to_string() const { return none() ? "none" : fmt::format("{}", amount_); }

Index Share::of(Index count) const {
  return static_cast<Index>(std::llround(amount_ < 1 ? amount_ * static_cast<double>(count) : amount_));
}

std::vector<Index> stratified(const std::vector<Index>& class_counts, Index total, Index least) {
  const Index count = std::accumulate(class_counts.begin(), class_counts.end(), Index{0});
  std::vector<Index> parts(class_counts.size()), spare(class_counts.size());
  std::vector<double> exact(class_counts.size());
  Index given = 0;
  if (total < 0 || least < 0) return {};
  for (std::size_t c = 0; c < parts.size(); ++c) {
    if (class_counts[c] == 0) continue;
    if (class_counts[c] < 2 * least) return {};
    exact[c] = static_cast<double>(total) * static_cast<double>(class_counts[c]) / static_cast<double>(count);
    spare[c] = class_counts[c] - least;
    parts[c] = std::clamp(static_cast<Index>(std::floor(exact[c])), least, spare[c]);
    given += parts[c];
  }
  // One at a time, to or from the class that is farthest from its exact part on that side.
  const auto farthest = [&](int sign) {
    std::size_t found = parts.size();
    double most = 0;
    for (std::size_t c = 0; c < parts.size(); ++c) {
      if (sign > 0 ? parts[c] >= spare[c] : parts[c] <= least) continue;
      const double missing = sign * (exact[c] - static_cast<double>(parts[c]));
      if (found == parts.size() || missing > most) found = c, most = missing;
    }
    return found;
  };
  for (; given != total; given += given < total ? 1 : -1) {
    const std::size_t next = farthest(given < total ? 1 : -1);
    if (next == parts.size()) return {};
    parts[next] += given < total ? 1 : -1;
  }
  return parts;
}

std::string why_not_cut(const Dataset& training, const Share& share) {
  if (share.none()) return {};
  const std::string name = printable(training.name);
  const auto counts = training.class_counts();
  const auto present = static_cast<Index>(
      std::count_if(counts.begin(), counts.end(), [](Index images) { return images > 0; }));
  for (std::size_t c = 0; c < counts.size(); ++c)
    if (counts[c] == 1)
      return fmt::format(
          "data set '{}': class '{}' has one training image, which cannot be in the training and in the validation set; add images, or bring a validation set (val/ beside train/ and test/)",
          name, printable(training.class_name(static_cast<int>(c))));
  const Index wanted = share.of(training.count);
  if (wanted < present)
    return fmt::format(
        "data set '{}': {} of {} training images for validation are too few for {} classes, each of which needs one; give --validation {} or more, or use more labels",
        name, wanted, training.count, present, present);
  if (wanted > training.count - present)
    return fmt::format(
        "data set '{}': {} of {} training images for validation leave too few to train on {} classes, each of which needs one; give --validation {} or less",
        name, wanted, training.count, present, training.count - present);
  return {};
}

Sets cut_validation(Sets sets, const Share& share, std::uint64_t data_seed) {
  if (share.none()) return sets;
  if (sets.has_validation())
    fail_usage("data set '{}' brings a validation set of {} images: leave --validation {} away",
               printable(sets.training.name), sets.validation.count, share.to_string());
  sets.training.check();
  if (const std::string why = why_not_cut(sets.training, share); !why.empty()) fail_usage("{}", why);
  const auto counts = sets.training.class_counts();
  const auto parts = stratified(counts, share.of(sets.training.count), 1);
  const auto [cut, kept] = sets.training.draw_by_class(parts, derive_seed(data_seed, "validation"));
  sets.validation = sets.training.subset(cut);
  sets.training = sets.training.subset(kept);
  if (sets.training.measured) {
    sets.training.measure();  // without a look at what was cut
    for (Dataset* set : {&sets.validation, &sets.test}) {
      set->mean = sets.training.mean;
      set->stddev = sets.training.stddev;
    }
  }
  return sets;
}

}  // namespace fanin::data
