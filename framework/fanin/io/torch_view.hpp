#pragma once
#include <string>

#include <fanin/io/torch_tensors.hpp>

namespace fanin::io {

/// A pickled tensor as what it is, a view of a storage: its shape, and its strides where it is not contiguous;
/// its numbers are not looked at. Error, naming `path`, where it would pass its storage, or spread it over more
/// bytes than the file has.
StoredTensor torch_view(const std::string& name, const PickleValue& value, const PickledFile& from,
                        const std::string& path);

}  // namespace fanin::io
