#include "datasets/selection.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

#include <fanin/core/error.hpp>

namespace fanin::datasets {
namespace {

constexpr int most_classes = 1000;

std::optional<int> class_number(std::string_view text) {
  int number = 0;
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (status != std::errc() || end != text.data() + text.size() || number < 0 || number >= most_classes)
    return std::nullopt;
  return number;
}

/// `0..4`, `0+3+7`, `0..2+9`; nothing for anything else, or a class named twice.
std::optional<std::vector<int>> class_list(std::string_view text) {
  std::vector<int> all;
  while (true) {
    const auto plus = text.find('+');
    const std::string_view piece = text.substr(0, plus);
    const auto dots = piece.find("..");
    const auto first = class_number(piece.substr(0, dots));
    const auto last = dots == std::string_view::npos ? first : class_number(piece.substr(dots + 2));
    if (!first || !last || *last < *first) return std::nullopt;
    for (int one = *first; one <= *last; ++one) {
      if (std::find(all.begin(), all.end(), one) != all.end()) return std::nullopt;
      all.push_back(one);
    }
    if (plus == std::string_view::npos) return all;
    text.remove_prefix(plus + 1);
  }
}

}  // namespace

Selection Selection::take_from(CallExpression& call) {
  CallExpression mine{.name = call.name, .args = {}, .position = call.position, .source = call.source};
  const std::vector<std::string> known = {"only", "per_class", "draw"};
  const auto is_mine = [&](const CallArgument& argument) {
    return std::find(known.begin(), known.end(), argument.key) != known.end();
  };
  std::copy_if(call.args.begin(), call.args.end(), std::back_inserter(mine.args), is_mine);
  std::erase_if(call.args, is_mine);
  const CallOptions options(mine, "data set", known);
  Selection selection;
  if (options.has("only")) {
    const auto classes = class_list(options.word("only", ""));
    if (!classes) options.refuse("only", "classes, each once, as 0..4 (a range) or 0+3+7 (a list)");
    selection.only = *classes;
  }
  selection.per_class = options.integer("per_class", 0, 1, Index{1} << 40);
  selection.draw = static_cast<std::uint64_t>(options.integer("draw", 0, 0, Index{1} << 62));
  return selection;
}

data::Dataset Selection::apply(data::Dataset data, Split split) const {
  if (!only.empty()) data = data.only_classes(only);
  if (per_class > 0 && split == Split::train) data = data.take_per_class(per_class, draw);
  return data;
}

}  // namespace fanin::datasets
