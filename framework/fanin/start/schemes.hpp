#pragma once
#include <fanin/init/scheme.hpp>

// The schemes of this room, which ask for more than a tensor's shape and place: a batch, or a file. Each in
// the file of its name.
namespace fanin::start {

/// @{
/// What the registry knows of the scheme of that name.
init::SchemeInfo lsuv_scheme();
init::SchemeInfo analytic_scheme();
init::SchemeInfo empirical_scheme();
init::SchemeInfo krahenbuhl_scheme();
init::SchemeInfo metainit_scheme();
init::SchemeInfo gradinit_scheme();
init::SchemeInfo weight_selection_scheme();
/// @}

/// A `fill` for schemes that are fitted: weights by their base, biases zero until then.
void fill_by_base(Tensor& w, const init::Site& site, Generator& gen, const init::Initializer& of);

}  // namespace fanin::start
