#pragma once
#include <string>

#include <fanin/io/stored_tensor.hpp>

namespace fanin::io {

/// "args: an object of argparse.Namespace; b: …": the first few of what a file left out.
std::string left_out_text(const TensorFile& file);

}  // namespace fanin::io
