#pragma once
#include <string>

#include <fanin/io/stored_tensor.hpp>

namespace fanin::io {

/// Of a file's nested dicts the one that holds the model's weights, with its names from there on: what stands
/// under `key` ("state_dict_ema", "ema.module"), or without a key what training scripts save a model under
/// ("state_dict", "model", …, in that order), whatever numbers or tensors stand beside it; the whole file
/// where there is no such dict. `dicts` and `left_out` stay as they are, and so does a file of which a dict
/// was chosen before. Error (usage) with the nearest keys where nothing is named so.
TensorFile choose_dict(TensorFile whole, const std::string& key = "");

}  // namespace fanin::io
