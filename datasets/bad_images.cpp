#include "datasets/bad_images.hpp"

#include <fmt/ranges.h>

#include <fanin/core/fail.hpp>

namespace fanin::datasets {
namespace {

constexpr std::size_t most_shown = 100;

}  // namespace

void BadImages::add(const std::string& message) {
  ++count;
  if (messages.size() < most_shown) messages.push_back(message);
}

void BadImages::merge(const BadImages& others) {
  count += others.count;
  tried += others.tried;
  for (const auto& message : others.messages)
    if (messages.size() < most_shown) messages.push_back(message);
}

std::string BadImages::summary() const {
  const auto more = count - static_cast<Index>(messages.size());
  return fmt::format("{}{}", fmt::join(messages, "; "), more > 0 ? fmt::format("; and {} more", more) : "");
}

void BadImages::require_none(const std::string& advice) const {
  if (count == 0) return;
  const std::string head = count == 1 ? "" : fmt::format("{} of {} images cannot be read: ", count, tried);
  fail("{}{}{}", head, summary(), advice);
}

}  // namespace fanin::datasets
