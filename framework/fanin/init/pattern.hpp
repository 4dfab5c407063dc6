#pragma once
#include <string_view>
#include <vector>

namespace fanin::init {

// One dialect for all that speaks of a model's parameters by name: plans, `forget`, what is frozen or skipped,
// rates, decay.

/// Whether `text` fits a pattern with `*` (any characters) and `?` (one).
bool glob(std::string_view pattern, std::string_view text);
/// Whether it fits the name of a layer that the parameter is in, at any depth: "conv1", "layer1", "blocks.?".
bool names_layer_of(std::string_view pattern, std::string_view parameter);
/// Whether a pattern speaks of a parameter: by its full name or by a layer that it is in, so that "conv1",
/// "conv*", "layer1" (all below it) and "*.bias" all say what they seem to. Several are separated by `;`:
/// "*.bias; *norm*".
bool covers(std::string_view pattern, std::string_view parameter);
/// The patterns that stand in one, without the space around them; an empty one is left out.
std::vector<std::string_view> split_patterns(std::string_view patterns);

}  // namespace fanin::init
