#include <algorithm>
#include <cmath>

#include <fanin/core/fail.hpp>
#include <fanin/data/dataset.hpp>
#include <fanin/random/generator.hpp>

namespace fanin::data {

namespace {

void require_sizes(const Dataset& data) {
  if (data.channels <= 0 || data.height <= 0 || data.width <= 0)
    fail("dataset '{}': image size {}x{}x{} must be positive", data.name, data.channels, data.height,
         data.width);
}

void require_labels(const Dataset& data) {
  if (data.labels.size() != static_cast<std::size_t>(data.count))
    fail("dataset '{}': {} labels for {} images", data.name, data.labels.size(), data.count);
}

}  // namespace

std::span<const std::uint8_t> Dataset::image(Index i) const {
  if (i < 0 || i >= count) fail("dataset '{}': image {} is out of range, it has {}", name, i, count);
  require_sizes(*this);
  if (images.size() / static_cast<std::size_t>(count) < static_cast<std::size_t>(image_size()))
    fail("dataset '{}': {} image bytes, expected {} images of {}x{}x{}", name, images.size(), count, channels,
         height, width);
  return {images.data() + i * image_size(), static_cast<std::size_t>(image_size())};
}

std::string Dataset::class_name(int label) const {
  const auto at = static_cast<std::size_t>(label);
  return label >= 0 && at < class_names.size() ? class_names[at] : std::to_string(label);
}

std::vector<Index> Dataset::class_counts() const {
  if (classes < 0) fail("dataset '{}': {} classes, expected at least one", name, classes);
  std::vector<Index> counts(static_cast<std::size_t>(classes));
  for (const std::int32_t label : labels) {
    if (label < 0 || label >= classes)
      fail("dataset '{}': label {} is out of range, expected 0..{}", name, label, classes - 1);
    ++counts[static_cast<std::size_t>(label)];
  }
  return counts;
}

void Dataset::check() const {
  if (count <= 0) fail("dataset '{}' is empty: it must have at least one sample", name);
  require_sizes(*this);
  if (classes <= 0) fail("dataset '{}': {} classes, expected at least one", name, classes);
  if (!class_names.empty() && class_names.size() != static_cast<std::size_t>(classes))
    fail("dataset '{}': {} class names for {} classes", name, class_names.size(), classes);
  if (images.size() / static_cast<std::size_t>(count) != static_cast<std::size_t>(image_size()) ||
      images.size() % static_cast<std::size_t>(count) != 0)
    fail("dataset '{}': {} image bytes, expected {} images of {}x{}x{}", name, images.size(), count, channels,
         height, width);
  require_labels(*this);
  for (std::size_t i = 0; i < labels.size(); ++i)
    if (labels[i] < 0 || labels[i] >= classes)
      fail("dataset '{}': label {} of sample {} is out of range, expected 0..{}", name, labels[i], i,
           classes - 1);
  if (mean.size() != static_cast<std::size_t>(channels) || stddev.size() != mean.size())
    fail("dataset '{}': {} means and {} stddevs for {} channels", name, mean.size(), stddev.size(), channels);
  for (std::size_t c = 0; c < mean.size(); ++c)
    if (!std::isfinite(mean[c]) || !std::isfinite(stddev[c]) || stddev[c] <= 0)
      fail(
          "dataset '{}': channel {} has mean {} and stddev {}, expected finite numbers and a positive stddev",
          name, c, mean[c], stddev[c]);
}

void Dataset::measure() {
  if (channels < 1 || height < 0 || width < 0 || count < 0 ||
      images.size() < static_cast<std::size_t>(count) * static_cast<std::size_t>(image_size()))
    fail("dataset '{}': {} image bytes, expected {} images of {}x{}x{}", name, images.size(), count, channels,
         height, width);
  measured = true;
  mean.assign(static_cast<std::size_t>(channels), 0);
  stddev.assign(static_cast<std::size_t>(channels), 1);
  const Index plane = height * width;
  for (Index c = 0; c < channels; ++c) {
    // A histogram keeps the sums exact: no result depends on the order of the images.
    std::uint64_t seen[256] = {};
    for (Index i = 0; i < count; ++i) {
      const std::uint8_t* pixels = images.data() + (i * channels + c) * plane;
      for (Index p = 0; p < plane; ++p) ++seen[pixels[p]];
    }
    double total = 0, sum = 0, squares = 0;
    for (int value = 0; value < 256; ++value) {
      const double times = static_cast<double>(seen[value]);
      total += times;
      sum += times * value;
      squares += times * value * value;
    }
    if (total == 0) continue;
    const double average = sum / total;
    const double variance = squares / total - average * average;
    mean[static_cast<std::size_t>(c)] = static_cast<float>(average / 255);
    if (variance > 1e-6) stddev[static_cast<std::size_t>(c)] = static_cast<float>(std::sqrt(variance) / 255);
  }
}

void Dataset::normalize(const Normalization& given) {
  if (given.empty()) return;
  mean = per_channel(given.mean, channels);
  stddev = per_channel(given.stddev, channels);
  measured = false;
  check();
}

Dataset Dataset::subset(std::span<const Index> indices) const {
  require_labels(*this);
  Dataset part{.name = name,
               .count = static_cast<Index>(indices.size()),
               .channels = channels,
               .height = height,
               .width = width,
               .classes = classes,
               .class_names = class_names,
               .mean = mean,
               .stddev = stddev,
               .measured = measured,
               .notes = notes};
  part.images.reserve(indices.size() * static_cast<std::size_t>(image_size()));
  part.labels.reserve(indices.size());
  for (const Index i : indices) {
    const auto pixels = image(i);
    part.images.insert(part.images.end(), pixels.begin(), pixels.end());
    part.labels.push_back(labels[static_cast<std::size_t>(i)]);
  }
  return part;
}

std::pair<std::vector<Index>, std::vector<Index>> Dataset::draw_by_class(std::span<const Index> counts,
                                                                         std::uint64_t seed) const {
  check();
  std::vector<std::vector<Index>> members(static_cast<std::size_t>(classes));
  for (Index i = 0; i < count; ++i)
    members[static_cast<std::size_t>(labels[static_cast<std::size_t>(i)])].push_back(i);
  if (counts.size() != members.size())
    fail("dataset '{}': {} counts to draw, expected one for each of its {} classes", name, counts.size(),
         classes);
  Generator gen(seed);
  std::pair<std::vector<Index>, std::vector<Index>> parts;
  for (std::size_t label = 0; label < members.size(); ++label) {
    auto& positions = members[label];
    for (std::size_t left = positions.size(); left > 1; --left)
      std::swap(positions[left - 1],
                positions[static_cast<std::size_t>(gen.below(static_cast<Index>(left)))]);
    if (counts[label] < 0 || counts[label] > static_cast<Index>(positions.size()))
      fail("dataset '{}': class '{}' has {} samples, cannot take {}", name,
           class_name(static_cast<int>(label)), positions.size(), counts[label]);
    const auto cut = positions.begin() + counts[label];
    parts.first.insert(parts.first.end(), positions.begin(), cut);
    parts.second.insert(parts.second.end(), cut, positions.end());
  }
  std::sort(parts.first.begin(), parts.first.end());
  std::sort(parts.second.begin(), parts.second.end());
  return parts;
}

Dataset Dataset::take(Index n) const {
  if (n < 1 || n > count) fail("dataset '{}': cannot take {} of its {} samples", name, n, count);
  std::vector<Index> first(static_cast<std::size_t>(n));
  for (Index i = 0; i < n; ++i) first[static_cast<std::size_t>(i)] = i;
  return subset(first);
}

Dataset Dataset::take_per_class(Index n, std::uint64_t seed) const {
  if (n < 1) fail("dataset '{}': cannot take {} samples per class, expected at least 1", name, n);
  check();
  return subset(draw_by_class(std::vector<Index>(static_cast<std::size_t>(classes), n), seed).first);
}

std::pair<Dataset, Dataset> Dataset::split(double share, std::uint64_t seed) const {
  if (!(share > 0 && share < 1))
    fail("dataset '{}': cannot split at {}, expected a share between 0 and 1", name, share);
  check();
  std::vector<Index> counts = class_counts();
  for (Index& samples : counts) samples = std::llround(share * static_cast<double>(samples));
  const auto [first, second] = draw_by_class(counts, seed);
  if (first.empty() || second.empty())
    fail("dataset '{}': splitting {} samples at {} leaves one part empty", name, count, share);
  return {subset(first), subset(second)};
}

Dataset Dataset::only_classes(std::span<const int> kept) const {
  if (kept.empty())
    fail("dataset '{}': no classes are named, expected at least one of 0..{}", name, classes - 1);
  require_labels(*this);
  std::vector<std::int32_t> renumbered(class_counts().size(), -1);
  std::vector<std::string> names;
  for (std::size_t k = 0; k < kept.size(); ++k) {
    if (kept[k] < 0 || kept[k] >= classes)
      fail("dataset '{}': no class {}, expected 0..{}", name, kept[k], classes - 1);
    auto& number = renumbered[static_cast<std::size_t>(kept[k])];
    if (number >= 0) fail("dataset '{}': class {} is named twice", name, kept[k]);
    number = static_cast<std::int32_t>(k);
    names.push_back(class_name(kept[k]));
  }
  std::vector<Index> chosen;
  for (Index i = 0; i < count; ++i)
    if (renumbered[static_cast<std::size_t>(labels[static_cast<std::size_t>(i)])] >= 0) chosen.push_back(i);
  Dataset part = subset(chosen);
  for (auto& label : part.labels) label = renumbered[static_cast<std::size_t>(label)];
  part.classes = static_cast<int>(kept.size());
  part.class_names = std::move(names);
  return part;
}

std::vector<float> per_channel(const std::vector<double>& constants, Index channels) {
  if (channels < 1) fail("normalise: images of {} channels, expected at least one", channels);
  const auto wanted = static_cast<std::size_t>(channels);
  if (constants.size() != 1 && constants.size() != wanted) {
    fail_usage("normalise: {} constants for images of {} channels; give one for all or one for each",
               constants.size(), channels);
  }
  std::vector<float> all;
  for (std::size_t c = 0; c < wanted; ++c)
    all.push_back(static_cast<float>(constants[constants.size() == 1 ? 0 : c]));
  return all;
}

}  // namespace fanin::data
