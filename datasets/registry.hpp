#pragma once
#include <functional>
#include <string>

#include <fanin/core/expression.hpp>
#include <fanin/datasets.hpp>

#include "datasets/bad_images.hpp"

namespace fanin::datasets {

/// Reads one part, as it lies there; images that cannot be read are gathered. A validation set that there is not is
/// an empty one.
using LoadPart = std::function<data::Dataset(Split, BadImages&)>;

/// The way to load what `call` names, without its selection; the data is named by `name`. Error (usage) for a
/// name or option that is not known.
LoadPart find_dataset(const CallExpression& call, const std::string& name);

}  // namespace fanin::datasets
